// The parts that run programs, here or on workers, and that keep asynchronous runs.

import type { Logger } from 'pino'
import { memoryAsyncRuns } from '../async-runs/memory-async-runs.ts'
import type { Config } from '../config/config.ts'
import { packageVersion } from '../config/version.ts'
import { createGuardedExecutor } from '../executor/create.ts'
import { ownEnvironments } from '../executor/environments.ts'
import { watchExecutor } from '../executor/watched-executor.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { MetricSources } from '../metrics/sources.ts'
import { obstacleIn } from '../queue/watch.ts'
import { clientName, type RunRecord } from '../run/record.ts'
import type { RunLog } from '../run-log/run-log.ts'
import { LAST_WEBHOOKS_MS } from '../webhooks/backoff.ts'
import type { AppOptions } from './app.ts'

export interface RunParts {
  /** Parts of the app. */
  app: Pick<AppOptions, 'watched' | 'asyncRuns' | 'offered' | 'board'>
  /** Sources of the metrics. */
  sources: Pick<MetricSources, 'executor' | 'asyncRuns' | 'queue' | 'webhooks'>
  /** Resolves when programs can be run; rejects with the obstacle. */
  prove: () => Promise<unknown>
  /** No more runs are taken. */
  onDrain: () => void
  /** Whether no run is active or waits here. */
  isIdle: () => boolean
  close: () => Promise<void>
}

export interface RunPartsOptions {
  metrics: Metrics
  /** Undefined if finished runs are not kept. */
  runLog: RunLog | undefined
  /** Called once when a wall was found missing. */
  onMissing: () => void
}

/** Counts each run, and adds it to the run log if there is one. */
type OnRun = (record: RunRecord) => void

/** As EXECUTOR says. */
export function createRunParts(
  config: Config,
  logger: Logger,
  { metrics, runLog, onMissing }: RunPartsOptions,
): Promise<RunParts> {
  const onRun: OnRun = (record) => {
    metrics.onRun(record)
    runLog?.add(record)
  }
  if (config.EXECUTOR === 'queue') return queueParts(config, logger, onRun)
  return dockerParts(config, logger, onRun, { events: metrics.executorEvents, onMissing })
}

async function dockerParts(
  config: Config,
  logger: Logger,
  onRun: OnRun,
  callbacks: Parameters<typeof createGuardedExecutor>[2],
): Promise<RunParts> {
  const parts = createGuardedExecutor(config, logger, callbacks)
  const { executor, gate, state, prove, obstacle } = parts
  const own = ownEnvironments(config)
  const watched = watchExecutor({ executor, config, onRun, obstacle })
  const webhooks = await webhookOptions(config)
  const sender =
    webhooks &&
    new (await import('../webhooks/webhook-sender.ts')).WebhookSender({ ...webhooks, logger })
  const asyncRuns = memoryAsyncRuns(config, {
    executor: watched.executor,
    gate,
    logger,
    onEnd: ({ webhook, origin }, run) => {
      if (webhook) sender?.add(run, webhook, clientName(origin))
    },
  })
  return {
    app: { watched, asyncRuns, offered: () => own, board: undefined },
    sources: {
      executor: state,
      asyncRuns: () => asyncRuns.state,
      queue: undefined,
      webhooks: sender && (() => sender.counts),
    },
    prove,
    onDrain: () => asyncRuns.drain(),
    isIdle: () => state().running + state().waiting === 0,
    close: async () => {
      asyncRuns.close()
      await Promise.all([parts.close(), sender?.close(LAST_WEBHOOKS_MS)])
    },
  }
}

async function queueParts(config: Config, logger: Logger, onRun: OnRun): Promise<RunParts> {
  const { createQueueParts } = await import('../queue/create.ts')
  const send = await webhookOptions(config)
  const parts = createQueueParts(config, logger, { onRun, webhooks: send && { send } })
  const { executor, asyncRuns, offered, board, state, queueState } = parts
  const { webhookCounts, isIdle, close } = parts
  const obstacle = () => obstacleIn(queueState(), config.environments[0].name)
  return {
    app: {
      watched: watchExecutor({ executor, config, onRun, obstacle }),
      asyncRuns,
      offered,
      board,
    },
    sources: { executor: state, asyncRuns: undefined, queue: queueState, webhooks: webhookCounts },
    prove: async () => logger.info('workers run the programs, and try the walls on their hosts'),
    onDrain: () => {},
    isIdle,
    close,
  }
}

/** How webhooks are sent; undefined if there are none. */
async function webhookOptions({ WEBHOOKS: networks }: Config) {
  if (!networks) return undefined
  const { addressFilter } = await import('../webhooks/address-filter.ts')
  return { isAllowed: addressFilter(networks), version: packageVersion() }
}
