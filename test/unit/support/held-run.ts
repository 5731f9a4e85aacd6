// A run that goes on as its test says.

import type { RunOptions, StreamName } from '../../../src/run/executor.ts'
import type { Outcome } from '../../../src/run/outcome.ts'
import { cancelled } from '../../../src/run/refusal.ts'
import type { RunRequest } from '../../../src/run/request.ts'
import { output } from '../../support/execution-events.ts'
import { memoryLog, testApp } from './app.ts'

/** One run: it starts, writes and ends when it is told to, and stops when its signal says so. */
export class HeldRun {
  /** Resolves when it was asked for. */
  readonly asked: Promise<void>
  end: (outcome: Outcome) => void = () => {}
  fail: (error: unknown) => void = () => {}
  #options: RunOptions | undefined
  #onAsked: () => void = () => {}

  constructor() {
    this.asked = new Promise((resolve) => {
      this.#onAsked = resolve
    })
  }

  /** The signal that it was given. */
  get signal(): AbortSignal | undefined {
    return this.#options?.signal
  }

  /** What an executor answers with. */
  readonly answer = (_: RunRequest, options: RunOptions): Promise<Outcome> => {
    this.#options = options
    return new Promise((resolve, reject) => {
      this.end = resolve
      this.fail = reject
      const { signal } = options
      if (signal.aborted) reject(cancelled(signal))
      signal.addEventListener('abort', () => reject(cancelled(signal)))
      this.#onAsked()
    })
  }

  start(): void {
    this.#options?.onEvent?.({ type: 'started' })
  }

  restart(): void {
    this.#options?.onEvent?.({ type: 'restart' })
  }

  write(stream: StreamName, bytes: string | Uint8Array): void {
    this.#options?.onEvent?.(output(stream, bytes))
  }
}

/** Posts to /run a program that starts: its answer, a stream of events, has begun. */
export async function startedRun(init: RequestInit = {}) {
  const run = new HeldRun()
  const { logger, lines } = memoryLog()
  const { app } = testApp({ answer: run.answer, logger })
  const answer = app.request('/run', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: '{"code":"x"}',
    ...init,
  })
  await run.asked
  run.start()
  return { run, lines, response: await answer }
}
