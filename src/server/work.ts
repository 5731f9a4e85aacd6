// A worker: takes programs from the queue and runs them on this host, until a signal comes.

import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { createGuardedExecutor } from '../executor/create.ts'
import { offersOf } from '../queue/offers.ts'
import { resultLimits } from '../queue/result-bound.ts'
import type { ParseRequest } from '../queue/run-once.ts'
import { RunQueue } from '../queue/run-queue.ts'
import { Sweeper } from '../queue/sweeper.ts'
import { QueueWorker } from '../queue/worker.ts'
import { describeIssues } from '../run/issues.ts'
import { Refusal } from '../run/refusal.ts'
import { requestLimits, runRequestSchema } from '../run/request.ts'
import { pause } from '../waits/pause.ts'
import { warnOfSmallCgroup } from './own-memory.ts'
import { Fault, MISSING_WALL, runProcess } from './process-frame.ts'
import { aborted, nextSignal } from './shutdown.ts'

/** Pause between trials of the walls on a host whose engine can't run them, in milliseconds. */
const RETRY_MS = 2000

/**
 * Works until a signal comes, then lets what runs end for DRAIN_SECONDS; a second signal ends that at once.
 * @throws {Error} if REDIS_URL is not set, or a wall is missing.
 */
export async function work(config: Config): Promise<void> {
  if (!config.REDIS_URL) {
    throw new Error('REDIS_URL is not set: a worker takes its programs from a queue in Redis.')
  }
  await runProcess(config, async ({ logger, fault, crash, end, onClose }) => {
    // A worker runs programs here, whatever EXECUTOR says to servers that have the same settings, and keeps no results.
    warnOfSmallCgroup({ ...config, EXECUTOR: 'local', MAX_RESULTS_MB: 0 }, logger)
    const signalled = new AbortController()
    void nextSignal().then((signal) => {
      logger.info({ signal }, 'draining; a second signal stops the worker at once')
      signalled.abort()
    })
    const stop = AbortSignal.any([fault, signalled.signal])
    // Another host can run the programs: this one takes no more, whenever it is that a wall is found missing.
    const onMissing = () => end(new Fault(MISSING_WALL))
    const { executor, prove, close } = createGuardedExecutor(config, logger, {
      onMissing,
      onLost: onMissing,
    })
    onClose(close)
    const environments = await proven(prove, logger, stop)
    if (stop.aborted) return
    const { REDIS_URL: url, QUEUE_PREFIX: prefix } = config
    const queue = new RunQueue({ url, prefix, environments, logger })
    const sweeper = new Sweeper(queue, logger)
    const name = hostname()
    const slots = config.MAX_RUNNING
    const worker = new QueueWorker({
      queue,
      environments,
      offers: offersOf(config, environments),
      executor,
      slots,
      url,
      prefix,
      name,
      logger,
      parse: parser(config),
      limits: resultLimits(config),
    })
    logger.info({ worker: name, workerId: worker.id, slots, environments }, 'taking programs')
    await aborted(stop)
    await worker.close(config.DRAIN_SECONDS * 1000, Promise.race([nextSignal(), aborted(crash)]))
    sweeper.close()
    await queue.close()
  })
}

/**
 * Waits until the walls were tried and hold: before that no program is taken that another host could run. Resolves to the
 * environments where they do.
 */
async function proven(
  prove: () => Promise<string[]>,
  logger: Logger,
  stop: AbortSignal,
): Promise<string[]> {
  while (!stop.aborted) {
    try {
      return await prove()
    } catch (error) {
      logger.warn({ err: (error as Error).cause }, 'the walls are not proven; no program is taken')
      await pause(RETRY_MS, stop)
    }
  }
  return []
}

/** Checks everything that comes from the queue against this host's own limits. */
function parser(config: Config): ParseRequest {
  const schema = runRequestSchema(requestLimits(config.environments))
  return (given) => {
    const result = schema.safeParse(given)
    if (result.success) return result.data
    throw new Refusal(
      'internal',
      'The worker has other limits than the server that accepted the program',
      { cause: new Error(describeIssues(result.error.issues)) },
    )
  }
}
