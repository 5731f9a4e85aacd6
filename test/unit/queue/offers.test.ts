// The environments of a server whose programs run on workers.

import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { offeredByWorkers, offersOf } from '../../../src/queue/offers.ts'
import { environmentsFolder, type Fields } from '../../support/environments.ts'

const QUEUE = { EXECUTOR: 'queue', REDIS_URL: 'redis://127.0.0.1:1' }

/** The report of a worker that has these environments. */
function worker(environments: Record<string, Fields>) {
  const ENVIRONMENTS = Object.keys(environments).join()
  const config = parseConfig({ ENVIRONMENTS_DIR: environmentsFolder(environments), ENVIRONMENTS })
  return { offers: offersOf(config, Object.keys(environments)) }
}

function server(ENVIRONMENTS: string) {
  let workers: ReturnType<typeof worker>[] = []
  const offered = offeredByWorkers(parseConfig({ ...QUEUE, ENVIRONMENTS }), () => workers)
  return {
    offered,
    see: (...seen: typeof workers) => {
      workers = seen
    },
    times: () => offered().map(({ name, limits }) => [name, limits.maxTimeoutSeconds]),
  }
}

it('are its own, and those of workers by name', () => {
  const { see, times } = server('python')
  expect(times()).toEqual([['python', 10]])
  see(worker({ zoo: {}, course: { maxTimeoutSeconds: 30 } }))
  expect(times()).toEqual([
    ['python', 10],
    ['course', 30],
    ['zoo', 10],
  ])
})

it('are as a worker says where the server has no folder, and else as its folder says', () => {
  const { see, offered } = server('python,course')
  see(worker({ python: { memoryMb: 64 }, course: { memoryMb: 512, description: 'Course' } }))
  expect(offered()).toMatchObject([
    { name: 'python', limits: { memoryBytes: 134_217_728 } },
    { name: 'course', limits: { memoryBytes: 536_870_912 }, description: 'Course' },
  ])
})

it('have the shortest time limit of several workers', () => {
  const { see, times } = server('python')
  const [long, short] = [30, 20].map((maxTimeoutSeconds) =>
    worker({ course: { maxTimeoutSeconds } }),
  )
  if (!long || !short) throw new Error('there are two')
  for (const order of [
    [long, short],
    [short, long],
  ]) {
    see(...order)
    expect(times()).toEqual([
      ['python', 10],
      ['course', 20],
    ])
  }
})

it('stay when their worker goes, and are the same array while nothing changes', () => {
  const { see, offered } = server('python')
  see(worker({ course: {} }))
  const first = offered()
  see()
  expect(offered()).toBe(first)
  see(worker({ course: {} }))
  expect(offered()).toBe(first)
  see(worker({ course: { maxTimeoutSeconds: 5 } }))
  expect(offered()).not.toBe(first)
})
