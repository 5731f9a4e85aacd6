// What runs the programs, here or on workers, and what keeps those that are asked for now and read later.

import type { Hono } from 'hono'
import type { Logger } from 'pino'
import type { AsyncRuns } from '../async-runs/async-runs.ts'
import { memoryAsyncRuns } from '../async-runs/create.ts'
import type { Config } from '../config/config.ts'
import { packageVersion } from '../config/version.ts'
import { createGuardedExecutor } from '../executor/create.ts'
import type { ExecutorState } from '../executor/events.ts'
import { type WatchedExecutor, watchExecutor } from '../executor/watched-executor.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { QueueBoardOptions } from '../queue/board.ts'
import { obstacleIn, type QueueState } from '../queue/watch.ts'
import { clientName, type RunRecord } from '../run/record.ts'
import type { RunLog } from '../run-log/run-log.ts'
import { LAST_WEBHOOKS_MS } from '../webhooks/backoff.ts'
import type {
  WebhookCounts,
  WebhookSender,
  WebhookSenderOptions,
} from '../webhooks/webhook-sender.ts'

export interface RunParts {
  watched: WatchedExecutor
  asyncRuns: AsyncRuns
  state: () => ExecutorState
  /** Of asynchronous runs in the memory of this server; undefined where they are elsewhere. */
  asyncState: (() => { queued: number; bytes: number }) | undefined
  /** Of the queue and its workers; undefined where there is none. */
  queueState: (() => QueueState) | undefined
  /** Undefined where there are no webhooks. */
  webhookCounts: (() => WebhookCounts) | undefined
  /** A page on the queues, to be put at its path; undefined where there are none. */
  board: ((options: QueueBoardOptions) => Hono) | undefined
  /** Resolves when programs can be run; rejects with what is in the way. */
  prove: () => Promise<void>
  /** No more runs are taken. */
  onDrain: () => void
  /** Whether no run goes on, and none waits here. */
  isIdle: () => boolean
  close: () => Promise<void>
}

export interface RunPartsOptions {
  metrics: Metrics
  /** Undefined where finished runs are not kept. */
  runLog: RunLog | undefined
  /** Called once when a wall was found missing. */
  onMissing: () => void
}

/** As EXECUTOR says. */
export async function createRunParts(
  config: Config,
  logger: Logger,
  options: RunPartsOptions,
): Promise<RunParts> {
  return config.EXECUTOR === 'queue'
    ? queueParts(config, logger, options)
    : dockerParts(config, logger, options)
}

async function dockerParts(
  config: Config,
  logger: Logger,
  { metrics, runLog, onMissing }: RunPartsOptions,
): Promise<RunParts> {
  const { executor, gate, state, prove, obstacle, close } = createGuardedExecutor(config, logger, {
    events: metrics.executorEvents,
    onMissing,
  })
  const onRun = recorder(metrics, runLog)
  const watched = watchExecutor({ executor, config, onRun, obstacle })
  const webhooks = await webhookOptions(config)
  const sender = webhooks && (await webhookSender({ ...webhooks, logger }))
  const asyncRuns = memoryAsyncRuns(config, {
    executor: watched.executor,
    gate,
    logger,
    onEnd: ({ webhook, origin }, run) => {
      if (webhook) sender?.add(run, webhook, clientName(origin))
    },
  })
  return {
    watched,
    asyncRuns,
    state,
    prove,
    asyncState: () => asyncRuns.state,
    queueState: undefined,
    webhookCounts: sender && (() => sender.counts),
    board: undefined,
    onDrain: () => asyncRuns.drain(),
    isIdle: () => state().running + state().waiting === 0,
    close: async () => {
      asyncRuns.close()
      await Promise.all([close(), sender?.close(LAST_WEBHOOKS_MS)])
    },
  }
}

async function queueParts(
  config: Config,
  logger: Logger,
  { metrics, runLog }: RunPartsOptions,
): Promise<RunParts> {
  const { createQueueParts } = await import('../queue/create.ts')
  const onRun = recorder(metrics, runLog)
  const send = await webhookOptions(config)
  const parts = createQueueParts(config, logger, { onRun, webhooks: send && { send } })
  return {
    ...parts,
    watched: watchExecutor({
      executor: parts.executor,
      config,
      onRun,
      obstacle: () => obstacleIn(parts.queueState(), config.ENVIRONMENTS[0]),
    }),
    asyncState: undefined,
    prove: async () => logger.info('workers run the programs, and try the walls of their hosts'),
    onDrain: () => {},
  }
}

/** Each run is counted, and kept where that is asked for. */
function recorder(metrics: Metrics, runLog: RunLog | undefined) {
  return (record: RunRecord) => {
    metrics.onRun(record)
    runLog?.add(record)
  }
}

async function webhookSender(options: WebhookSenderOptions): Promise<WebhookSender> {
  const { WebhookSender } = await import('../webhooks/webhook-sender.ts')
  return new WebhookSender(options)
}

/** How webhooks are sent; undefined where there are none. */
async function webhookOptions({ WEBHOOKS: networks }: Config) {
  if (!networks) return undefined
  const { addressFilter } = await import('../webhooks/address-filter.ts')
  return { isAllowed: addressFilter(networks), version: packageVersion() }
}
