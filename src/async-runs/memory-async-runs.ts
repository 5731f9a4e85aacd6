// Asynchronous runs in the memory of this server: a fair queue in front of the executor, and the results for some time.

import type { Logger } from 'pino'
import { mayWait, neverFits } from '../admission/fair-share.ts'
import type { Gate } from '../admission/gate.ts'
import type { Config } from '../config/config.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { AsyncRun } from '../run/async-run.ts'
import type { Executor } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { clientName } from '../run/record.ts'
import { ending, Refusal, toRefusal } from '../run/refusal.ts'
import {
  type AsyncRuns,
  type Idempotency,
  type NewRun,
  type SentEvent,
  type SentRun,
  sentRun,
} from './async-runs.ts'
import { Dispatcher } from './dispatcher.ts'
import { FirstAnswers } from './first-answers.ts'
import { type End, KeptRun } from './kept-run.ts'
import { RunShelf } from './run-shelf.ts'

export interface MemoryAsyncRunsOptions {
  executor: Executor
  logger: Logger
  /** The gate that the executor passes runs through. */
  gate: Gate
  /** How many may wait, beside those that their own keys' bounds keep from running. */
  maxQueued: number
  /** How long one may wait until it starts, in milliseconds. */
  maxQueuedMs: number
  /** How long a run is kept when it has ended, in milliseconds. */
  resultTtlMs: number
  /** Approximate memory limit of the runs. If results need more, the oldest results of the client that stores most go first. */
  maxBytes: number
  /** Called once for each run that has ended. Must not throw. */
  onEnd?: (asked: NewRun, run: AsyncRun) => void
  /** How long the executor may be unavailable until a run fails for it, in milliseconds. */
  unavailablePatienceMs?: number
}

export class MemoryAsyncRuns implements AsyncRuns {
  readonly #options: MemoryAsyncRunsOptions
  readonly #dispatcher: Dispatcher
  readonly #shelf: RunShelf
  readonly #answers = new FirstAnswers()
  /** Timers that limit the wait of runs that have not started. */
  readonly #waits = new Map<KeptRun, NodeJS.Timeout>()

  constructor(options: MemoryAsyncRunsOptions) {
    const { executor, gate, maxBytes, resultTtlMs, unavailablePatienceMs } = options
    this.#options = options
    this.#dispatcher = new Dispatcher({
      executor,
      gate,
      unavailablePatienceMs,
      onStart: (run) => this.#start(run),
      onFinished: (run, result) => this.#finish(run, result),
      onFailed: (run, error) => this.#fail(run, error),
    })
    this.#shelf = new RunShelf({
      maxBytes,
      ttlMs: resultTtlMs,
      onForget: (run) => this.#answers.forget(run.asked.id),
    })
  }

  /** How many wait, how many the executor has, and about how much memory all of them take. */
  get state(): { queued: number; out: number; bytes: number } {
    const { line, out } = this.#dispatcher
    return { queued: line.size, out: out.size, bytes: this.#shelf.bytes }
  }

  async submit(asked: readonly NewRun[], idempotency?: Idempotency): Promise<SentRun[]> {
    const [first] = asked
    if (!first) return []
    const client = clientName(first.origin)
    const before = idempotency && this.#answers.find(client, idempotency)
    if (before) return before.map((run) => this.#shelf.get(run.id)?.sent() ?? run)
    if (this.#dispatcher.isDraining) throw ending()
    const runs = asked.map((one) => new KeptRun(one))
    this.#checkRoom(runs)
    for (const run of runs) {
      this.#shelf.add(run)
      const giveUp = () => this.#fail(run, new Refusal('busy', 'No slot became free in time'))
      this.#waits.set(run, setTimeout(giveUp, this.#options.maxQueuedMs).unref())
    }
    const sent = runs.map((run) => run.sent())
    if (idempotency) this.#answers.add(client, idempotency, sent)
    this.#dispatcher.add(runs)
    return sent
  }

  async find(id: string): Promise<SentRun | undefined> {
    return this.#shelf.get(id)?.sent()
  }

  async *events(id: string, after: string, signal: AbortSignal): AsyncIterable<SentEvent> {
    const run = this.#shelf.get(id)
    if (run) yield* run.log.after(after, signal)
  }

  async cancel(id: string): Promise<SentRun | undefined> {
    const run = this.#shelf.get(id)
    if (!run) return undefined
    const refusal = { code: 'cancelled', error: 'The run was cancelled' } as const
    this.#end(run, { state: 'cancelled', refusal })
    return run.sent()
  }

  async setLimits(keys: readonly ApiKey[]): Promise<void> {
    for (const key of keys) {
      const { maxConcurrent = Number.POSITIVE_INFINITY } = key
      this.#dispatcher.setMaxOut(clientName({ key, client: '' }), maxConcurrent)
    }
  }

  /** The server is shutting down: active runs continue, waiting runs fail. */
  drain(): void {
    this.#dispatcher.isDraining = true
    for (const run of this.#dispatcher.line) this.#fail(run, ending())
  }

  /** Ends everything, and forgets it. */
  close(): void {
    this.drain()
    for (const run of this.#dispatcher.out) this.#fail(run, ending())
    this.#shelf.close()
  }

  /** For runs of one client. @throws {Refusal} `busy` if there is no room for all of them, `too_large` if there never is. */
  #checkRoom(runs: readonly KeptRun[]): void {
    const { maxQueued: max, gate } = this.#options
    const { client = '', maxOut = 0 } = runs[0] ?? {}
    this.#dispatcher.setMaxOut(client, maxOut)
    const { line, out } = this.#dispatcher
    const free = max + Math.max(0, gate.maxRunning - out.size) - (line.size - line.parked)
    const { waiting, parked, room = maxOut } = line.of(client)
    const come = Math.max(0, Math.min(runs.length, room - waiting))
    const stay = runs.length - come
    if (!mayWait({ come, stay, own: waiting - parked, parked, free, max })) {
      throw this.#busy('The queue of asynchronous runs is full', Math.max(1, come - free))
    }
    const bytes = runs.reduce((sum, run) => sum + run.bytes, 0)
    if (this.#shelf.isTooMuch(bytes)) throw neverFits()
    if (this.#shelf.hasRoomFor(client, bytes)) return
    throw this.#busy('The memory for asynchronous runs is full', runs.length)
  }

  #busy(why: string, places: number): Refusal {
    return new Refusal('busy', `${why}; try again later`, {
      headers: { 'Retry-After': this.#dispatcher.retryAfter(places) },
    })
  }

  #start(run: KeptRun): void {
    this.#endWait(run)
    run.start()
  }

  #fail(run: KeptRun, error: unknown): void {
    const { code, message, cause } = toRefusal(error)
    this.#end(run, { state: 'failed', refusal: { code, error: message } }, cause)
  }

  async #finish(run: KeptRun, result: Outcome): Promise<void> {
    this.#start(run) // if the executor did not report it
    const ended = run.ended({ state: 'finished', result }, this.#options.resultTtlMs)
    this.#endAs(run, ended, await sentRun(ended, run.client))
  }

  #end(run: KeptRun, end: Exclude<End, { state: 'finished' }>, cause?: unknown): void {
    const ended = run.ended(end, this.#options.resultTtlMs)
    const json = Buffer.from(JSON.stringify(ended))
    this.#endAs(run, ended, { id: ended.id, owner: run.client, isEnded: true, json }, cause)
  }

  /** The first end counts. */
  #endAs(run: KeptRun, ended: AsyncRun, sent: SentRun, cause?: unknown): void {
    if (run.isEnded) return
    const { asked } = run
    this.#endWait(run)
    run.end(sent)
    this.#dispatcher.end(run, ended.state)
    this.#shelf.ended(run)
    logEnd(this.#options.logger, asked, ended, cause)
    this.#options.onEnd?.(asked, ended)
  }

  #endWait(run: KeptRun): void {
    clearTimeout(this.#waits.get(run))
    this.#waits.delete(run)
  }
}

/** Keeps them in the memory of this server. */
export function memoryAsyncRuns(
  config: Config,
  parts: Pick<MemoryAsyncRunsOptions, 'executor' | 'gate' | 'logger' | 'onEnd'>,
): MemoryAsyncRuns {
  return new MemoryAsyncRuns({
    ...parts,
    maxQueued: config.MAX_QUEUED,
    maxQueuedMs: config.MAX_QUEUED_SECONDS * 1000,
    resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
    maxBytes: config.MAX_RESULTS_MB * 2 ** 20,
  })
}

/** Writes the log line of a run that has ended, never with its program or output. `cause` is why it failed, if it did. */
function logEnd(logger: Logger, asked: NewRun, run: AsyncRun, cause?: unknown): void {
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
