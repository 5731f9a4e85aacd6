// Config -> the parts of a server whose programs are run by workers, wired together.

import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { ExecutorState } from '../executor/events.ts'
import type { RunRecord } from '../run/record.ts'
import { LAST_WEBHOOKS_MS } from '../webhooks/backoff.ts'
import { type QueueBoardOptions, queueBoard } from './board.ts'
import { connectToWait } from './connection.ts'
import { Endings, type EndingsOptions } from './endings.ts'
import { Hub } from './hub.ts'
import { offeredByWorkers } from './offers.ts'
import { QueueExecutor } from './queue-executor.ts'
import { QueuedWebhooks, type QueuedWebhooksOptions } from './queued-webhooks.ts'
import { RedisAsyncRuns } from './redis-async-runs.ts'
import { resultBound, resultLimits } from './result-bound.ts'
import { RunQueue } from './run-queue.ts'
import { Sweeper } from './sweeper.ts'
import { type QueueState, QueueWatch } from './watch.ts'

export interface QueueOptions {
  /** Called for each asynchronous run that finished, on one of the servers. */
  onRun: (record: RunRecord) => void
  /** How webhooks are sent; undefined if they are off. */
  webhooks?: Pick<QueuedWebhooksOptions, 'send' | 'pauseMs' | 'bounds'> | undefined
  /** For tests. */
  endings?: Pick<EndingsOptions, 'takeOverMs'>
}

export type QueueParts = ReturnType<typeof createQueueParts>

export function createQueueParts(
  config: Config,
  logger: Logger,
  { onRun, webhooks, endings: endingsOptions }: QueueOptions,
) {
  const { REDIS_URL: url, QUEUE_PREFIX: prefix, MAX_QUEUED: maxQueued } = config
  const maxBytes = config.MAX_RESULTS_MB * 2 ** 20
  const environments = config.environments.map(({ name }) => name)
  const queue = new RunQueue({ url, prefix, environments, logger })
  const hub = new Hub(connectToWait(url), queue.key(''))
  const sweeper = new Sweeper(queue, logger)
  const sender =
    webhooks &&
    new QueuedWebhooks({
      ...webhooks,
      queue,
      redis: connectToWait(url),
      logger,
      maxKeptBytes: maxBytes / 2,
    })
  const watch = new QueueWatch({
    queue,
    logger,
    webhooks: async () => sender?.queued() ?? 0,
    maxBytes,
    bound: resultBound(resultLimits(config)),
  })
  const endings = new Endings({
    queue,
    redis: connectToWait(url),
    onRun,
    logger,
    ...endingsOptions,
    onWebhook: async (run, webhook) => {
      if (sender) return sender.add(run, webhook)
      logger.warn(
        { run: run.id },
        'a webhook is dropped: another server accepted it, WEBHOOKS is off here',
      )
      return false
    },
  })
  const intake = (waitSeconds: number) => ({
    queue,
    hub,
    limits: {
      maxQueued,
      maxBytes,
      waitMs: waitSeconds * 1000,
      ttlMs: config.RESULT_TTL_SECONDS * 1000,
    },
  })
  const executor = new QueueExecutor(intake(config.MAX_WAIT_SECONDS))
  return {
    executor,
    asyncRuns: new RedisAsyncRuns(intake(config.MAX_QUEUED_SECONDS)),
    offered: offeredByWorkers(config, () => watch.state.workers),
    state: () => ({ ...toExecutorState(watch.state), maxWaiting: maxQueued }),
    queueState: () => watch.state,
    webhookCounts: sender && (() => ({ ...sender.counts, queued: watch.state.webhooks })),
    /** A page about BullMQ's queues, to be mounted at its path. */
    board: (options: QueueBoardOptions) => queueBoard(queue.jobs.queues.values(), options),
    /** Whether this server waits for no run. */
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
