// One run on a worker: from its request to the end that is written down.

import type { Executor } from '../run/executor.ts'
import { Refusal, toRefusal } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { onAbort } from '../waits/abortable.ts'
import { pause } from '../waits/pause.ts'
import { EventSender } from './event-sender.ts'
import { LEASE_MS } from './lease.ts'
import type { RunQueue, TakenRun } from './run-queue.ts'
import { type Ending, failure, runMetaSchema, toOrigin } from './stored-run.ts'

/** Validates a request. @throws {Refusal} if it is none, or exceeds the limits of this host. */
export type ParseRequest = (given: unknown) => RunRequest

/** How often a run is handed back because a worker could not begin it, before it fails. */
const MAX_HANDED_BACK = 5
/** Pause between attempts to write an end down, in milliseconds. */
const PAUSE_MS = 250
/** How long a worker tries to send an end, in milliseconds, before it sends one without the result. */
const MAX_SENDING_MS = 120_000

const STOPPED = failure(
  'unavailable',
  'The machine that ran the program was stopped before it ended',
)
const NEVER_SENT = failure(
  'unavailable',
  'The result of the program could not be written to the queue',
)

/** The outcome of a run on this worker. */
export type RunEnd = Ending['state'] | 'handed back' | 'lost'

/** The parts of a worker that run programs. */
export interface RunHost {
  queue: RunQueue
  executor: Executor
  /** Has the limits of this host. */
  parse: ParseRequest
}

export interface RunOnceOptions extends RunHost {
  /** Aborts when the worker ends. */
  stop: AbortSignal
  /** Called when the program starts. */
  onStart: () => void
  /** Called when this host could not begin it, before other hosts may. */
  onUnable: () => void
}

export class RunOnce {
  readonly #options: RunOnceOptions
  readonly #run: TakenRun
  readonly #environment: string
  readonly #lost: AbortSignal
  #hasStarted = false
  /** Whether the program may have begun: a container was given it. */
  #isDelivered = false
  #startMs = 0
  /** Whether only the end is waited for. */
  #isAwaited = false

  /** `lost` aborts when the run is not this worker's any more. */
  constructor(run: TakenRun, environment: string, lost: AbortSignal, options: RunOnceOptions) {
    this.#run = run
    this.#environment = environment
    this.#lost = lost
    this.#options = options
  }

  async run(): Promise<RunEnd> {
    const signals = [this.#lost, this.#options.stop]
    // Not AbortSignal.any, whose signals are kept for as long as the worker's own.
    const ended = new AbortController()
    const stopListening = signals.map((signal) => onAbort(signal, () => ended.abort()))
    if (signals.some(({ aborted }) => aborted)) ended.abort()
    let ending: Ending
    try {
      ending = await this.#execute(ended.signal)
    } catch (error) {
      return this.#lost.aborted ? 'lost' : this.#fail(toRefusal(error))
    } finally {
      for (const stopOne of stopListening) stopOne()
    }
    return this.#finish(ending)
  }

  /** Hands back, gives up or ends a run whose program did not end here. */
  async #fail({ code, message }: Refusal): Promise<RunEnd> {
    const { queue, stop, onUnable } = this.#options
    const isStopped = stop.aborted
    // These are about this host: another one may run the program.
    const isOurs = code === 'unavailable' || code === 'busy' || code === 'rate_limited'
    // An executor that refuses says that the program did not begin. One that was stopped may not know.
    const mayBegin = isOurs ? !this.#hasStarted : isStopped && !this.#isDelivered
    if (mayBegin && this.#run.attempt <= MAX_HANDED_BACK) {
      onUnable()
      const count = await queue.handBack(this.#run, this.#environment).catch(() => 0)
      if (count > 0) return 'handed back'
    }
    const request = this.#run.request as Partial<RunRequest> | null
    if (isStopped && request?.retry === true) {
      // The lease ends now: the next sweep queues the run again.
      const lost = await queue.renew([this.#run], 0).catch(() => [this.#run])
      if (lost.length === 0) return 'lost'
    }
    return this.#finish(isStopped ? STOPPED : failure(code, message))
  }

  async #execute(signal: AbortSignal): Promise<Ending> {
    const { queue, executor, parse, onStart } = this.#options
    const { id, channel, ...taken } = this.#run
    const request = parse(taken.request)
    if (request.environment !== this.#environment) {
      throw new Refusal('internal', 'The queue has a run of another environment')
    }
    const meta = runMetaSchema.parse(JSON.parse(taken.meta))
    const { isFollowed } = meta
    this.#isAwaited = !isFollowed
    const takenAtMs = performance.now()
    const sender = isFollowed ? new EventSender(queue, this.#run, signal) : undefined
    const result = await executor.run(request, {
      signal,
      id,
      origin: toOrigin(meta),
      isFollowed,
      onEvent: (event) => {
        if (event.type === 'delivery') this.#isDelivered = true
        else if (event.type === 'output') sender?.add(event.stream, event.bytes)
        else if (event.type === 'started') {
          this.#isDelivered = true
          this.#hasStarted = true
          onStart()
          this.#startMs = performance.now() - takenAtMs
          if (sender) sender.start()
          else void queue.redis.publish(channel, `${id} started`).catch(() => {})
        }
      },
    })
    await sender?.end()
    return { state: 'finished', result, startMs: this.#startMs }
  }

  /** Writes an end down. If that fails, it is tried again for as long as the run may be this worker's. */
  async #finish(ending: Ending): Promise<RunEnd> {
    const { queue, stop } = this.#options
    const untilMs = performance.now() + LEASE_MS
    const smallAtMs = performance.now() + MAX_SENDING_MS
    for (;;) {
      const given = performance.now() < smallAtMs ? ending : NEVER_SENT
      try {
        const isMine = await queue.finish(this.#run, given, this.#isAwaited)
        return isMine ? ending.state : 'lost'
      } catch (error) {
        const isOver = this.#lost.aborted || stop.aborted
        if (isOver && performance.now() > untilMs) throw error
        await pause(PAUSE_MS)
      }
    }
  }
}
