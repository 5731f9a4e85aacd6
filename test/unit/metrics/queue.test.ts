// What is told of the queue, its workers and webhooks: that each number is of what it says, and goes when that is gone.

import { describe, expect, it } from 'vitest'
import type { ExecutorState } from '../../../src/executor/events.ts'
import { Metrics } from '../../../src/metrics/metrics.ts'
import type { MetricSources } from '../../../src/metrics/sources.ts'
import { obstacleIn, type QueueState } from '../../../src/queue/watch.ts'

const EXECUTOR: ExecutorState = {
  ...{ running: 0, maxRunning: 5, waiting: 0, maxWaiting: 9, pools: {} },
  ...{ containers: { starting: 0, waiting: 0, running: 0, ending: 0 }, maxContainers: 0 },
}
const NOTHING: QueueState = {
  ...{ isKnown: false, ageMs: Number.POSITIVE_INFINITY, workers: [], webhooks: 0, depths: {} },
  ...{ bytes: { unfinished: 0, kept: 0, reserved: 0, pinned: 0 }, synchronous: 0 },
}

const worker = (name: string, given: Partial<QueueState['workers'][number]> = {}) => ({
  ...{ id: `id-${name}`, name, environments: ['python'], slots: 3, running: 1 },
  offers: [],
  ...{ startedAt: '2026-01-31T12:00:00.000Z', ageMs: 250 },
  ...given,
})

const KNOWN: QueueState = {
  ...{
    isKnown: true,
    ageMs: 100,
    webhooks: 0,
    bytes: { unfinished: 10, kept: 20, reserved: 30, pinned: 5 },
  },
  synchronous: 3,
  workers: [worker('a'), worker('b', { environments: ['python', 'data'], slots: 5, running: 0 })],
  depths: { python: { waiting: 7, active: 2 }, data: { waiting: 0, active: 1 } },
}

/** Reads the metrics of ours from sources that can change: `name{labels} value`, without the prefix. */
function reader(sources: Partial<MetricSources>) {
  const metrics = new Metrics({ environments: ['python', 'data'] })
  metrics.watch({
    ...{ executor: () => EXECUTOR, asyncRuns: undefined, queue: undefined, webhooks: undefined },
    ...{ runLog: undefined, isRateShared: undefined },
    ...sources,
  })
  return async (names: RegExp) =>
    (await metrics.text())
      .split('\n')
      .filter((line) => line.startsWith('safe_code_executor_'))
      .map((line) => line.slice('safe_code_executor_'.length))
      .filter((line) => names.test(line))
}

describe('a queue', () => {
  it('is told of by environment and by worker', async () => {
    const read = reader({ queue: () => KNOWN })
    expect(await read(/^(queue|worker)/)).toEqual([
      'queue_known 1',
      'queue_waiting{environment="python"} 7',
      'queue_waiting{environment="data"} 0',
      'queue_active{environment="python"} 2',
      'queue_active{environment="data"} 1',
      'queue_bytes{state="unfinished"} 10',
      'queue_bytes{state="kept"} 20',
      'queue_bytes{state="reserved"} 30',
      'queue_bytes{state="pinned"} 5',
      'workers{environment="python"} 2',
      'workers{environment="data"} 1',
      'worker_slots{worker="a",id="id-a"} 3',
      'worker_slots{worker="b",id="id-b"} 5',
      'worker_running{worker="a",id="id-a"} 1',
      'worker_running{worker="b",id="id-b"} 0',
      'worker_heartbeat_age_seconds{worker="a",id="id-a"} 0.25',
      'worker_heartbeat_age_seconds{worker="b",id="id-b"} 0.25',
    ])
  })

  it('has no worker any more that is gone, and none at all is told as 0', async () => {
    let state = KNOWN
    const read = reader({ queue: () => state })
    await read(/./)
    state = { ...KNOWN, workers: [] }
    expect(await read(/^worker/)).toEqual([
      'workers{environment="python"} 0',
      'workers{environment="data"} 0',
    ])
  })

  it('is told of as not known while Redis is away, and nothing is made up', async () => {
    let state = KNOWN
    const read = reader({ queue: () => state })
    await read(/./)
    state = NOTHING
    expect(await read(/^(queue|worker)/)).toEqual(['queue_known 0'])
  })

  it('is told of nowhere else', async () => {
    expect(await reader({})(/^(queue|worker|webhooks|async_runs)/)).toEqual([])
  })
})

it('webhooks are told of by how they ended', async () => {
  const counts = { delivered: 5, failed: 1, retried: 3, dropped: 2, queued: 4 }
  const read = reader({ webhooks: () => counts })
  const lines = [
    'webhooks_queued 4',
    'webhooks_delivered_total 5',
    'webhooks_failed_total 1',
    'webhooks_retried_total 3',
    'webhooks_dropped_total 2',
  ]
  expect(await read(/^webhooks/)).toEqual(lines)
  expect(await read(/^webhooks/)).toEqual(lines)
})

it('asynchronous runs in memory are told of', async () => {
  const read = reader({ asyncRuns: () => ({ queued: 2, bytes: 1024 }) })
  expect(await read(/^async/)).toEqual(['async_runs_queued 2', 'async_runs_bytes 1024'])
})

it.each([
  ['nothing is known', NOTHING, 'The queue is not reachable'],
  ['what is known is old', { ...KNOWN, ageMs: 3001 }, 'The queue is not reachable'],
  ['no worker is there', { ...KNOWN, workers: [] }, 'No worker is available to run programs'],
  ['workers have others', { ...KNOWN, workers: [worker('a')] }, 'No worker is available'],
  ['a worker has it', KNOWN, undefined],
])('programs of an environment have in their way: %s', (_, state, said) => {
  const obstacle = obstacleIn(state, 'data')
  if (said) expect(obstacle).toContain(said)
  else expect(obstacle).toBeUndefined()
})
