// The frame of a long-running process, server or worker: a log, a handler for uncaught errors, and everything closed
// again, in reverse order, however the process ends.

import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { createLogger, maskedConfig } from './logger.ts'

/** Why a process can't continue. Its message is for the operator. */
export class Fault extends Error {}

/** The message if a wall is missing. */
export const MISSING_WALL =
  'This host does not enforce every limit, so no programs are run. The log above names the missing walls, and\n' +
  '`safe-code-executor doctor` tries all of them. SERVE_WITH_MISSING_WALLS=on runs programs anyway.'

export interface ProcessFrame {
  logger: Logger
  /** Aborts, with a `Fault`, when the process can't go on. */
  fault: AbortSignal
  /** Aborts with the first uncaught error: the state of the process is unknown then, and active runs must end at once. */
  crash: AbortSignal
  /** Ends the process. The first fault counts. */
  end: (fault: Fault) => void
  /** Called when the process ends, the last one first; each is called whatever the others throw. */
  onClose: (closer: () => unknown) => void
}

/**
 * Runs a process until its body ends, and closes what it opened.
 * @throws {Fault} why the process could not go on, where that is how it ended, and what the body throws.
 */
export async function runProcess(
  config: Config,
  body: (frame: ProcessFrame) => Promise<void>,
): Promise<void> {
  const logger = await createLogger(config)
  const fault = new AbortController()
  const crash = new AbortController()
  const end = (reason: Fault) => fault.abort(reason)
  const closers: (() => unknown)[] = []
  // An uncaught error must not leave containers behind.
  const onCrash = (error: unknown) => {
    logger.fatal({ err: error }, 'a bug: an uncaught error; the process ends')
    const bug = new Fault('The process ended because of a bug; see the log.', { cause: error })
    end(bug)
    crash.abort(bug)
  }
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)
  try {
    logger.info({ config: maskedConfig(config) }, 'starting')
    await body({
      logger,
      fault: fault.signal,
      crash: crash.signal,
      end,
      onClose: (closer) => closers.push(closer),
    })
  } finally {
    for (const close of closers.reverse()) {
      try {
        await close()
      } catch (error) {
        logger.error({ err: error }, 'something could not be closed')
      }
    }
    process.off('uncaughtException', onCrash)
    process.off('unhandledRejection', onCrash)
    logger.info('ended')
  }
  fault.signal.throwIfAborted()
}
