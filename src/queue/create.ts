// Config -> the parts of a server that has its programs run by workers, wired together.

import type { Logger } from 'pino'
import type { AsyncRun, AsyncRuns, Webhook } from '../async-runs/async-runs.ts'
import type { Config } from '../config.ts'
import type { ExecutorState } from '../executor/events.ts'
import type { Executor } from '../executor/executor.ts'
import type { RunRecord } from '../run-record.ts'
import { connectToWait } from './connection.ts'
import { Endings } from './endings.ts'
import { Hub } from './hub.ts'
import { QueueExecutor } from './queue-executor.ts'
import { RedisAsyncRuns } from './redis-async-runs.ts'
import { RunQueue } from './run-queue.ts'
import { Sweeper } from './sweeper.ts'
import { type QueueState, QueueWatch } from './watch.ts'

export interface QueueParts {
  executor: Executor
  asyncRuns: AsyncRuns
  queue: RunQueue
  state: () => ExecutorState
  /** What is known of the queue and its workers. */
  queueState: () => QueueState
  /** Whether this server waits for no run. */
  isIdle: () => boolean
  close: () => Promise<void>
}

export interface QueueCallbacks {
  /** Told of each asynchronous run that finished, on one of the servers. */
  onRun: (record: RunRecord) => void
  onWebhook: (webhook: Webhook, run: AsyncRun) => Promise<void>
}

export function createQueueParts(
  config: Config,
  logger: Logger,
  { onRun, onWebhook }: QueueCallbacks,
): QueueParts {
  const { REDIS_URL: url, QUEUE_PREFIX: prefix, MAX_QUEUED: maxQueued } = config
  const queue = new RunQueue({ url, prefix, environments: config.ENVIRONMENTS, logger })
  const hub = new Hub(connectToWait(url), `${prefix}:`)
  const sweeper = new Sweeper(queue, logger)
  const watch = new QueueWatch(queue, logger)
  const endings = new Endings({ queue, redis: connectToWait(url), onRun, onWebhook, logger })
  const executor = new QueueExecutor({
    ...{ queue, hub, maxQueued, maxWaitMs: config.MAX_WAIT_SECONDS * 1000 },
  })
  const asyncRuns = new RedisAsyncRuns({
    ...{ queue, hub, maxQueued, maxWaitMs: config.MAX_QUEUED_SECONDS * 1000 },
    ttlMs: config.RESULT_TTL_SECONDS * 1000,
  })
  return {
    ...{ executor, asyncRuns, queue },
    state: () => ({ ...toExecutorState(watch.state), maxWaiting: maxQueued }),
    queueState: () => watch.state,
    isIdle: () => executor.running === 0,
    close: async () => {
      sweeper.close()
      watch.close()
      endings.close()
      hub.close()
      await queue.close()
    },
  }
}

function toExecutorState({ workers, depths }: QueueState): Omit<ExecutorState, 'maxWaiting'> {
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  return {
    running: sum(workers.map(({ running }) => running)),
    maxRunning: sum(workers.map(({ slots }) => slots)),
    waiting: sum(Object.values(depths).map(({ waiting }) => waiting)),
    pools: {},
  }
}
