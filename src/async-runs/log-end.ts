// The line in the log about an asynchronous run that has ended: the request that asked for it has had its own before.

import type { Logger } from 'pino'
import type { AsyncRun } from '../run/async-run.ts'
import type { NewRun } from './async-runs.ts'

/** Writes it; `cause` is why the run failed, where something did. Never a program, never its output. */
export function logEnd(logger: Logger, asked: NewRun, run: AsyncRun, cause?: unknown): void {
  const { requestId, key } = asked.origin
  const { id, state, environment, attempts, result, refusal } = run
  const fields = {
    requestId,
    key: key?.name,
    run: id,
    state,
    environment,
    attempts,
    runStatus: result?.status,
    runMs: result?.durationMs,
    code: refusal?.code,
    err: cause,
  }
  if (refusal?.code === 'internal') logger.error(fields, 'asynchronous run')
  else logger.info(fields, 'asynchronous run')
}
