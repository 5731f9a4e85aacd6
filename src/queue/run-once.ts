// One run on a worker: from the request that came to the end that is written down.

import type { Executor } from '../run/executor.ts'
import { Refusal, toRefusal } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { onAbort } from '../waits/abortable.ts'
import { pause } from '../waits/pause.ts'
import { EventSender } from './event-sender.ts'
import { LEASE_MS } from './lease.ts'
import type { RunQueue, TakenRun } from './run-queue.ts'
import { type Ending, type RunMeta, runMetaSchema, toOrigin } from './stored-run.ts'

/** Makes a request of what came. @throws {Refusal} where it is none, or asks for more than this host gives. */
export type ParseRequest = (given: unknown) => RunRequest

/** How often a run goes back to the queue because a worker could not begin it, before it fails. */
const MAX_HANDED_BACK = 5
/** Pause between attempts to write an end down, in milliseconds. */
const PAUSE_MS = 250
/** How long it is tried to send an end, in milliseconds, before one without the result takes its place. */
const MAX_SENDING_MS = 120_000

/** What became of it on this worker. */
export type RunEnd = Ending['state'] | 'handed back' | 'lost'

export interface RunOnceOptions {
  queue: RunQueue
  executor: Executor
  parse: ParseRequest
  /** The worker ends, and waits no longer. */
  stop: AbortSignal
  /** Called when the program starts. */
  onStart?: () => void
  /** Called when this host could not begin it, before others may. */
  onUnable?: () => void
}

export class RunOnce {
  readonly #options: RunOnceOptions
  #hasStarted = false
  /** Whether the program may have begun: a container was given it. */
  #isDelivered = false
  #startMs = 0
  /** Whether somebody waits for the end, and reads no output before. */
  #isAwaited = false

  constructor(options: RunOnceOptions) {
    this.#options = options
  }

  /** `lost` aborts when the run is not this worker's any more. */
  async run(taken: TakenRun, environment: string, lost: AbortSignal): Promise<RunEnd> {
    const { stop } = this.#options
    // One of its own: what is made of the worker's signal with AbortSignal.any is kept for as long as the worker is.
    const ended = new AbortController()
    const stopListening = [lost, stop].map((signal) => onAbort(signal, () => ended.abort()))
    if (stop.aborted || lost.aborted) ended.abort()
    let ending: Ending
    try {
      ending = await this.#execute(taken, environment, ended.signal)
    } catch (error) {
      return lost.aborted ? 'lost' : this.#failed(taken, environment, toRefusal(error), lost)
    } finally {
      for (const stopOne of stopListening) stopOne()
    }
    return (await this.#finish(taken, ending, lost)) ? ending.state : 'lost'
  }

  /** What becomes of a run whose program did not end here. */
  async #failed(
    taken: TakenRun,
    environment: string,
    refusal: Refusal,
    lost: AbortSignal,
  ): Promise<RunEnd> {
    const isStopped = this.#options.stop.aborted
    // An executor that refuses says that the program did not begin. One that was stopped may not know.
    const mayBegin = isOurs(refusal) ? !this.#hasStarted : isStopped && !this.#isDelivered
    if (mayBegin && (await this.#handBack(taken, environment))) return 'handed back'
    if (isStopped && (await this.#giveUp(taken))) return 'lost'
    const ending = failed(isStopped ? stopped() : refusal)
    return (await this.#finish(taken, ending, lost)) ? ending.state : 'lost'
  }

  async #execute(taken: TakenRun, environment: string, signal: AbortSignal): Promise<Ending> {
    const { executor, parse } = this.#options
    const { meta, request } = read(taken, parse, environment)
    this.#isAwaited = !meta.isFollowed
    const takenAtMs = performance.now()
    const sender = meta.isFollowed ? new EventSender(this.#options.queue, taken, signal) : undefined
    const result = await executor.run(request, {
      signal,
      id: taken.id,
      origin: toOrigin(meta),
      isFollowed: meta.isFollowed,
      onEvent: (event) => {
        if (event.type === 'delivery') this.#isDelivered = true
        else if (event.type === 'output') sender?.add(event.stream, event.bytes)
        else if (event.type === 'started') {
          this.#isDelivered = true
          this.#hasStarted = true
          this.#options.onStart?.()
          this.#startMs = performance.now() - takenAtMs
          if (sender) sender.start()
          else this.#notify(taken)
        }
      },
    })
    await sender?.end()
    return { state: 'finished', result, startMs: this.#startMs }
  }

  /** Nobody reads the events of this run; whoever waits for it may want to know that it has started. */
  #notify({ channel, id }: TakenRun): void {
    void this.#options.queue.redis.publish(channel, `${id} started`).catch(() => {})
  }

  async #handBack(taken: TakenRun, environment: string): Promise<boolean> {
    const { queue, onUnable } = this.#options
    if (taken.attempt > MAX_HANDED_BACK) return false
    onUnable?.()
    return queue.handBack(taken, environment).then(
      (count) => count > 0,
      () => false,
    )
  }

  /** Whether somebody else will run it: the worker ends, and its request says that it may be tried again. */
  async #giveUp(taken: TakenRun): Promise<boolean> {
    const request = taken.request as Partial<RunRequest> | null
    if (request?.retry !== true) return false
    // A lease that ends now: the next sweep finds it.
    return this.#options.queue.renew([taken], 0).then(
      (lost) => lost.length === 0,
      () => false,
    )
  }

  /** Whether it is the end of the run. Where it can't be sent it is tried again, for as long as the run may be ours. */
  async #finish(taken: TakenRun, ending: Ending, lost: AbortSignal): Promise<boolean> {
    const untilMs = performance.now() + LEASE_MS
    const smallAtMs = performance.now() + MAX_SENDING_MS
    for (;;) {
      const isSent = performance.now() < smallAtMs
      try {
        const given = isSent ? ending : failed(neverSent())
        return await this.#options.queue.finish(taken, given, this.#isAwaited)
      } catch (error) {
        const isOver = lost.aborted || this.#options.stop.aborted
        if (isOver && performance.now() > untilMs) throw error
        await pause(PAUSE_MS)
      }
    }
  }
}

function read(
  taken: TakenRun,
  parse: ParseRequest,
  environment: string,
): { meta: RunMeta; request: RunRequest } {
  const request = parse(taken.request)
  if (request.environment !== environment) {
    throw new Refusal('internal', 'The queue has a run of another environment')
  }
  return { meta: runMetaSchema.parse(JSON.parse(taken.meta)), request }
}

/** Whether it is this host that could not run it: another one may. */
function isOurs({ code }: Refusal): boolean {
  return code === 'unavailable' || code === 'busy' || code === 'rate_limited'
}

function stopped(): Refusal {
  return new Refusal('unavailable', 'The machine that ran the program was stopped before it ended')
}

function neverSent(): Refusal {
  return new Refusal('unavailable', 'The result of the program could not be written to the queue')
}

function failed({ code, message }: Refusal): Ending {
  return { state: 'failed', refusal: { code, error: message } }
}
