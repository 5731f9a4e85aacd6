// Records each run that a client requested.

import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RunRecord } from '../run/record.ts'
import type { RunRequest } from '../run/request.ts'

/** An executor that reports each client run. The server's own runs, which have no origin, are not reported. */
export class RecordingExecutor implements Executor {
  readonly #executor: Executor
  readonly #onRun: (record: RunRecord) => void

  constructor(executor: Executor, onRun: (record: RunRecord) => void) {
    this.#executor = executor
    this.#onRun = onRun
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const { origin } = options
    if (!origin) return this.#executor.run(request, options)
    const askedAtMs = performance.now()
    let admittedAtMs = askedAtMs
    let startedAtMs: number | undefined
    const outcome = await this.#executor.run(request, {
      ...options,
      onEvent: (event) => {
        if (event.type === 'admitted') admittedAtMs = performance.now()
        else if (event.type === 'started') startedAtMs = performance.now()
        options.onEvent?.(event)
      },
    })
    const record: RunRecord = {
      origin,
      request,
      outcome,
      endedAt: new Date(),
      waitMs: admittedAtMs - askedAtMs,
      startMs: (startedAtMs ?? admittedAtMs) - admittedAtMs,
      answerMs: performance.now() - askedAtMs,
    }
    options.onEvent?.({ type: 'recorded', record })
    this.#onRun(record)
    return outcome
  }
}
