// Runs programs on other machines: written down in Redis, taken by a worker, their events read as they come.

import { randomUUID } from 'node:crypto'
import { Tally } from '../admission/tally.ts'
import { BEFORE_ALL } from '../async-runs/async-runs.ts'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { clientOf } from '../run/record.ts'
import { cancelled, unavailable } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { onAbort } from '../waits/abortable.ts'
import { Bell } from '../waits/bell.ts'
import { follow } from './follow.ts'
import { type IntakeOptions, type Submission, takeOn } from './intake.ts'
import { MAX_ATTEMPTS, type StoredEvent } from './run-queue.ts'
import { decodeEnding, type Ending, endingRefusal, failure, toMeta, tryRead } from './stored-run.ts'

/**
 * How much longer than its wait and its own time limit a run may take, in milliseconds: to begin, to be missed if its
 * worker is lost, to be written down. Far more than it does; its client waits no longer in any case.
 */
const GRACE_MS = 60_000
/** How long a finished run is kept if its waiter never fetches it, in milliseconds. */
const KEPT_MS = 60_000
/** How long after a run it is removed, in milliseconds: its answer is sent first. */
const FORGET_AFTER_MS = 50

export class QueueExecutor implements Executor {
  readonly #options: IntakeOptions
  readonly #graceMs: number
  /** How many runs each client waits for here. */
  readonly #waiting = new Tally()

  /** `graceMs` is for tests. */
  constructor(options: IntakeOptions, graceMs = GRACE_MS) {
    this.#options = options
    this.#graceMs = graceMs
  }

  /** How many runs this process waits for. */
  get running(): number {
    return this.#waiting.total
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const { origin, signal } = options
    if (signal.aborted) throw cancelled(signal)
    const client = origin ? clientOf(origin) : { name: 'server', weight: 1 }
    const likelyPriority = Math.floor(this.#waiting.of(client.name) / client.weight)
    return this.#waiting.during(client.name, () =>
      this.#run(request, options, { owner: client.name, weight: client.weight, likelyPriority }),
    )
  }

  async #run(
    request: RunRequest,
    options: RunOptions,
    client: Pick<Submission, 'owner' | 'weight' | 'likelyPriority'>,
  ): Promise<Outcome> {
    const { queue, hub, limits } = this.#options
    const { signal, id = randomUUID(), origin, isFollowed = false } = options
    const bell = new Bell()
    /** Ends the waiting, for whatever reason. */
    const done = new AbortController()
    const stop = () => {
      done.abort()
      bell.ring()
    }
    const told = once(options)
    let ending: Ending | undefined
    const stopHearing = hub.listen(id, (notice, data) => {
      if (notice === 'taken') told.admitted()
      else if (notice === 'started') told.started()
      else {
        // If it can't be read, the events are looked at.
        if (notice === 'end') ending = tryRead(() => decodeEnding(data))
        if (ending) stop()
        else bell.ring()
      }
    })
    const stopListening = onAbort(signal, stop)
    const attempts = request.retry ? MAX_ATTEMPTS : 1
    const longestMs = attempts * (limits.waitMs + request.timeoutSeconds * 1000 + this.#graceMs)
    const timer = setTimeout(stop, longestMs)
    try {
      await takeOn(queue, {
        ...limits,
        ...client,
        kind: 'sync',
        maxConcurrent: origin?.key?.maxConcurrent,
        ttlMs: KEPT_MS,
        channel: hub.channel,
        runs: [{ id, request, meta: toMeta(origin, { isFollowed, webhook: null }) }],
      })
      for await (const event of follow(queue, id, BEFORE_ALL, bell, done.signal)) {
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
      // If Redis does not get this, the run ends by its own deadlines.
      const ended = ending ? Promise.resolve() : queue.end(id, HUNG_UP)
      const forget = () =>
        setTimeout(() => queue.forget(id).catch(() => {}), FORGET_AFTER_MS).unref()
      ended.then(forget, () => {})
    }
  }
}

const HUNG_UP = failure('cancelled', 'The client hung up', 'cancelled')

/** Reports each step once, in order. */
function once({ onEvent }: RunOptions) {
  const told = new Set<string>()
  const tell = (...types: ('charged' | 'admitted' | 'started')[]) => {
    for (const type of types) {
      if (!told.has(type)) onEvent?.({ type })
      told.add(type)
    }
  }
  return {
    // A worker has taken the run, and gets a container for it.
    admitted: () => tell('charged', 'admitted'),
    started: () => tell('charged', 'admitted', 'started'),
  }
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
  // Events of a later version are ignored.
}
