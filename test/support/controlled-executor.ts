// An executor whose runs go on as a test says.

import type { Executor, RunOptions, StreamName } from '../../src/run/executor.ts'
import type { Outcome } from '../../src/run/outcome.ts'
import { cancelled } from '../../src/run/refusal.ts'
import type { RunRequest } from '../../src/run/request.ts'
import { outcome } from '../unit/support/app.ts'
import { output } from './execution-events.ts'

/** One run that the executor has: it stops by itself only when its signal says so. */
export interface ControlledRun {
  request: RunRequest
  options: RunOptions
  start: () => void
  write: (stream: StreamName, bytes: string | Uint8Array) => void
  /** Ends it as after `print(2 + 2)`, but for what is given. */
  finish: (given?: Partial<Outcome>) => void
  fail: (error: unknown) => void
}

export class ControlledExecutor implements Executor {
  /** Every run that it was ever given, in order. */
  readonly given: ControlledRun[] = []
  readonly #notTaken: ControlledRun[] = []
  readonly #takers: ((run: ControlledRun) => void)[] = []

  /** The first run that was not taken yet, when it comes. */
  next(): Promise<ControlledRun> {
    const run = this.#notTaken.shift()
    if (run) return Promise.resolve(run)
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  /** The same, started. */
  async nextStarted(): Promise<ControlledRun> {
    const run = await this.next()
    run.start()
    return run
  }

  run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const { signal, id } = options
      const run: ControlledRun = {
        ...{ request, options },
        start: () => options.onEvent?.({ type: 'started' }),
        write: (stream, bytes) => options.onEvent?.(output(stream, bytes)),
        finish: (given) => resolve(outcome({ ...(id && { id }), ...given })),
        fail: reject,
      }
      if (signal.aborted) reject(cancelled(signal))
      signal.addEventListener('abort', () => reject(cancelled(signal)))
      this.given.push(run)
      const take = this.#takers.shift()
      if (take) take(run)
      else this.#notTaken.push(run)
    })
  }
}
