// Config -> the parts of a server that has its programs run by workers, wired together.

import type { Hono } from 'hono'
import type { Logger } from 'pino'
import type { AsyncRuns } from '../async-runs/async-runs.ts'
import type { Config } from '../config/config.ts'
import type { ExecutorState } from '../executor/events.ts'
import type { Executor } from '../run/executor.ts'
import type { RunRecord } from '../run/record.ts'
import { LAST_WEBHOOKS_MS } from '../webhooks/backoff.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'
import { type QueueBoardOptions, queueBoard } from './board.ts'
import { connectToWait } from './connection.ts'
import { Endings, type EndingsOptions } from './endings.ts'
import { Hub } from './hub.ts'
import { QueueExecutor } from './queue-executor.ts'
import { QueuedWebhooks, type QueuedWebhooksOptions } from './queued-webhooks.ts'
import { RedisAsyncRuns } from './redis-async-runs.ts'
import { resultBound, resultLimits } from './result-bound.ts'
import { RunQueue } from './run-queue.ts'
import { Sweeper } from './sweeper.ts'
import { type QueueState, QueueWatch } from './watch.ts'

export interface QueueParts {
  executor: Executor
  asyncRuns: AsyncRuns
  state: () => ExecutorState
  /** What is known of the queue and its workers. */
  queueState: () => QueueState
  /** Undefined where there are no webhooks. */
  webhookCounts: (() => WebhookCounts) | undefined
  /** A page on BullMQ's queues, to be put at its path. */
  board: (options: QueueBoardOptions) => Hono
  /** Whether this server waits for no run. */
  isIdle: () => boolean
  close: () => Promise<void>
}

export interface QueueOptions {
  /** Told of each asynchronous run that finished, on one of the servers. */
  onRun: (record: RunRecord) => void
  /** How webhooks are sent; undefined where there are none. */
  webhooks?: Pick<QueuedWebhooksOptions, 'send' | 'pauseMs' | 'bounds'> | undefined
  /** Of `Endings`, for tests. */
  endings?: Pick<EndingsOptions, 'takeOverMs'>
}

export function createQueueParts(
  config: Config,
  logger: Logger,
  { onRun, webhooks, endings: endingsOptions }: QueueOptions,
): QueueParts {
  const { REDIS_URL: url, QUEUE_PREFIX: prefix, MAX_QUEUED: maxQueued } = config
  const bounds = { maxQueued, maxBytes: config.MAX_RESULTS_MB * 2 ** 20 }
  const queue = new RunQueue({ url, prefix, environments: config.ENVIRONMENTS, logger })
  const hub = new Hub(connectToWait(url), `${prefix}:`)
  const sweeper = new Sweeper(queue, logger)
  const sender =
    webhooks &&
    new QueuedWebhooks({
      ...webhooks,
      queue,
      redis: connectToWait(url),
      prefix,
      logger,
      maxKeptBytes: bounds.maxBytes / 2,
    })
  const watch = new QueueWatch({
    queue,
    logger,
    webhooks: sender && (() => sender.queued()),
    maxBytes: bounds.maxBytes,
    bound: resultBound(resultLimits(config)),
  })
  const endings = new Endings({
    queue,
    redis: connectToWait(url),
    onRun,
    logger,
    ...endingsOptions,
    onWebhook: async (run) => {
      if (sender) return sender.add(run)
      logger.warn(
        { run: run.id },
        'a webhook is not told: another server took it on, WEBHOOKS is off here',
      )
      return false
    },
  })
  const executor = new QueueExecutor({
    queue,
    hub,
    ...bounds,
    maxWaitMs: config.MAX_WAIT_SECONDS * 1000,
  })
  const asyncRuns = new RedisAsyncRuns({
    queue,
    hub,
    ...bounds,
    maxWaitMs: config.MAX_QUEUED_SECONDS * 1000,
    ttlMs: config.RESULT_TTL_SECONDS * 1000,
  })
  return {
    executor,
    asyncRuns,
    state: () => ({ ...toExecutorState(watch.state), maxWaiting: maxQueued }),
    queueState: () => watch.state,
    webhookCounts: sender && (() => ({ ...sender.counts, queued: watch.state.webhooks })),
    board: (options) => queueBoard(queue.jobs.queues.values(), options),
    isIdle: () => executor.running === 0,
    close: async () => {
      sweeper.close()
      watch.close()
      await endings.close()
      await sender?.close(LAST_WEBHOOKS_MS)
      hub.close()
      await queue.close()
    },
  }
}

function toExecutorState({ workers, synchronous }: QueueState): Omit<ExecutorState, 'maxWaiting'> {
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  return {
    running: sum(workers.map(({ running }) => running)),
    maxRunning: sum(workers.map(({ slots }) => slots)),
    waiting: synchronous,
    containers: { starting: 0, waiting: 0, running: 0, ending: 0 },
    maxContainers: 0,
    pools: {},
  }
}
