// Runs programs on other machines: written down in Redis, taken by a worker, its events read as they come.

import { randomUUID } from 'node:crypto'
import { Tally } from '../admission/tally.ts'
import { BEFORE_ALL } from '../async-runs/async-runs.ts'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { clientName } from '../run/record.ts'
import { cancelled, unavailable } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { onAbort } from '../waits/abortable.ts'
import { Bell } from '../waits/bell.ts'
import { follow, type StoredEvent } from './follow.ts'
import type { Hub, Notice } from './hub.ts'
import { MAX_ATTEMPTS, type RunQueue } from './run-queue.ts'
import { decodeEnding, type Ending, endingRefusal, toMeta } from './stored-run.ts'

/**
 * How much longer than its wait and its own time a run may take, in milliseconds: to begin, to be missed where its worker is
 * lost, to be written down. Far more than it does: whatever is in the way of its end then, its client waits no longer.
 */
const GRACE_MS = 60_000
/** How long a run is kept when it has ended and whoever waited for it does not say that he has its end, in milliseconds. */
const KEPT_MS = 60_000

/** How long after a run it is let go, in milliseconds: its answer goes out first. */
const FORGET_AFTER_MS = 50

export interface QueueExecutorOptions {
  queue: RunQueue
  hub: Hub
  /** How many may wait in the queue. */
  maxQueued: number
  /** How much memory all runs may take in Redis, about. */
  maxBytes: number
  /** How long a run may wait to be taken, in milliseconds. */
  maxWaitMs: number
  /** GRACE_MS, but for tests. */
  graceMs?: number
}

export class QueueExecutor implements Executor {
  readonly #options: QueueExecutorOptions
  /** How many each client waits for here. */
  readonly #waiting = new Tally()

  constructor(options: QueueExecutorOptions) {
    this.#options = options
  }

  /** How many this process waits for. */
  get running(): number {
    return this.#waiting.total
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    if (options.signal.aborted) throw cancelled(options.signal)
    const owner = options.origin ? clientName(options.origin) : 'server'
    const before = this.#waiting.of(owner)
    return this.#waiting.during(owner, () => this.#run(request, options, owner, before))
  }

  /** `before`: how many others this client waits for here. */
  async #run(
    request: RunRequest,
    options: RunOptions,
    owner: string,
    before: number,
  ): Promise<Outcome> {
    const { queue, hub } = this.#options
    const { signal, id = randomUUID() } = options
    const bell = new Bell()
    /** Ends the waiting, whoever does. */
    const done = new AbortController()
    const stop = () => {
      done.abort()
      bell.ring()
    }
    const told = once(options)
    let ending: Ending | undefined
    const stopHearing = hub.listen(id, (notice: Notice, data) => {
      if (notice === 'taken') told.admitted()
      else if (notice === 'started') told.started()
      else if (notice === 'end') {
        ending = readEnding(data)
        if (ending) stop()
        else bell.ring()
      } else bell.ring()
    })
    const stopListening = onAbort(signal, stop)
    const timer = setTimeout(stop, this.#longestMs(request))
    try {
      await queue.submit(this.#submission(id, owner, before, request, options))
      const place = { bell, looksFirst: false, signal: done.signal }
      for await (const event of follow(queue, id, BEFORE_ALL, place)) {
        if (event.type === 'end') ending = decodeEnding(event.data)
        else pass(event, options, told.started)
      }
      if (!ending) {
        if (signal.aborted) throw cancelled(signal)
        const what = done.signal.aborted ? 'did not end the run' : 'lost the run'
        throw unavailable(new Error(`the queue ${what}`))
      }
      if (ending.state !== 'finished') throw endingRefusal(ending.refusal)
      told.started()
      return ending.result
    } finally {
      clearTimeout(timer)
      stopListening()
      stopHearing()
      // Nobody waits any more. Where Redis does not hear this, the run ends by its own deadlines.
      const ended = ending ? Promise.resolve() : queue.end(id, NOBODY_WAITS)
      const forget = () =>
        setTimeout(() => queue.forget(id).catch(() => {}), FORGET_AFTER_MS).unref()
      ended.then(forget, () => {})
    }
  }

  #longestMs({ retry, timeoutSeconds }: RunRequest): number {
    const { maxWaitMs, graceMs = GRACE_MS } = this.#options
    return (retry ? MAX_ATTEMPTS : 1) * (maxWaitMs + timeoutSeconds * 1000 + graceMs)
  }

  #submission(
    id: string,
    owner: string,
    before: number,
    request: RunRequest,
    { origin, isFollowed = false }: RunOptions,
  ) {
    const { hub, maxQueued, maxBytes, maxWaitMs } = this.#options
    const meta = toMeta(origin, { isFollowed, webhook: null })
    return {
      kind: 'sync',
      owner,
      likelyPriority: Math.floor(before / (origin?.key?.weight ?? 1)),
      maxConcurrent: origin?.key?.maxConcurrent,
      weight: origin?.key?.weight ?? 1,
      maxQueued,
      maxBytes,
      waitMs: maxWaitMs,
      ttlMs: KEPT_MS,
      channel: hub.channel,
      runs: [{ id, request, meta }],
    } as const
  }
}

const NOBODY_WAITS: Ending = {
  state: 'cancelled',
  refusal: { code: 'cancelled', error: 'The client hung up' },
}

/** Undefined where it is none: what is written down is looked at then. */
function readEnding(text: string): Ending | undefined {
  try {
    return decodeEnding(text)
  } catch {
    return undefined
  }
}

/** Each is told once, and the first before the second. */
function once({ onEvent }: RunOptions) {
  let isAdmitted = false
  let isStarted = false
  const admitted = () => {
    if (isAdmitted) return
    isAdmitted = true
    onEvent?.({ type: 'charged' }) // a worker has taken it, and gets a container for it
    onEvent?.({ type: 'admitted' })
  }
  const started = () => {
    admitted()
    if (isStarted) return
    isStarted = true
    onEvent?.({ type: 'started' })
  }
  return { admitted, started }
}

function pass({ type, data }: StoredEvent, { onEvent }: RunOptions, onStart: () => void): void {
  if (type === 'start') {
    onStart()
    const { attempt } = JSON.parse(data) as { attempt: number }
    if (attempt > 1) onEvent?.({ type: 'restart' })
  } else if (type === 'stdout' || type === 'stderr') {
    const { text } = JSON.parse(data) as { text: string }
    onEvent?.({ type: 'output', stream: type, bytes: Buffer.from(text) })
  }
  // A worker of a later version may tell of more, which nobody here asked for.
}
