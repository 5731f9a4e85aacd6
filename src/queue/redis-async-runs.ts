// Asynchronous runs in Redis: any server answers for a run that another one took on.

import {
  type AsyncRuns,
  type Idempotency,
  type NewRun,
  type SentEvent,
  type SentRun,
  sentRun,
} from '../async-runs/async-runs.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { clientName } from '../run/record.ts'
import { onAbort } from '../waits/abortable.ts'
import { Bell } from '../waits/bell.ts'
import { ask } from './connection.ts'
import { follow } from './follow.ts'
import type { Hub } from './hub.ts'
import type { RunQueue } from './run-queue.ts'
import { decodeEnding, type Ending, toAsyncRun, toMeta } from './stored-run.ts'

export interface RedisAsyncRunsOptions {
  queue: RunQueue
  hub: Hub
  /** How many may wait in the queue. */
  maxQueued: number
  /** How much memory all runs may take in Redis, about. */
  maxBytes: number
  /** How long a run may wait to be taken, in milliseconds. */
  maxWaitMs: number
  /** How long a run is kept when it has ended, in milliseconds. */
  ttlMs: number
}

export class RedisAsyncRuns implements AsyncRuns {
  readonly #options: RedisAsyncRunsOptions

  constructor(options: RedisAsyncRunsOptions) {
    this.#options = options
  }

  async submit(runs: readonly NewRun[], idempotency?: Idempotency): Promise<SentRun[]> {
    const { queue, maxQueued, maxBytes, maxWaitMs, ttlMs } = this.#options
    const [first] = runs
    if (!first) return []
    const { origin } = first
    const ids = await queue.submit({
      kind: 'async',
      owner: clientName(origin),
      maxConcurrent: origin.key?.maxConcurrent,
      weight: origin.key?.weight ?? 1,
      maxQueued,
      maxBytes,
      waitMs: maxWaitMs,
      ttlMs,
      idempotency,
      runs: runs.map(({ id, request, webhook = null }) => ({
        id,
        request,
        meta: toMeta(origin, { isFollowed: true, webhook }),
      })),
    })
    const found = await Promise.all(ids.map((id) => this.find(id)))
    return found.flatMap((run) => run ?? [])
  }

  async find(id: string): Promise<SentRun | undefined> {
    const { queue } = this.#options
    const run = await ask(() => queue.find(id))
    if (run?.kind !== 'async') return undefined
    const ending = run.endedAt === undefined ? undefined : await ask(() => queue.ending(id))
    if (run.endedAt !== undefined && !ending) return undefined // it was let go just now
    return sentRun(toAsyncRun(id, run, ending), run.owner)
  }

  async *events(id: string, after: string, signal: AbortSignal): AsyncGenerator<SentEvent> {
    const { queue, hub } = this.#options
    const bell = new Bell()
    const stopHearing = await ask(() =>
      hub.listenTo(queue.key(`channel:${id}`), id, (notice) => {
        if (notice === 'events') bell.ring()
      }),
    )
    const stopListening = onAbort(signal, () => bell.ring())
    try {
      for await (const event of follow(queue, id, after, { bell, looksFirst: true, signal })) {
        const { type, data } = event
        if (type === 'end') yield* this.#last(id, event.id, decodeEnding(data))
        else yield { id: event.id, type, data: JSON.parse(data) } as SentEvent
      }
    } finally {
      stopHearing()
      stopListening()
    }
  }

  async cancel(id: string): Promise<SentRun | undefined> {
    await ask(() => this.#options.queue.end(id, CANCELLED))
    return this.find(id)
  }

  async setLimits(keys: readonly ApiKey[]): Promise<void> {
    await this.#options.queue.setLimits(
      keys.map((key) => ({
        owner: clientName({ key, client: '' }),
        maxConcurrent: key.maxConcurrent,
      })),
    )
  }

  async *#last(id: string, eventId: string, ending: Ending): AsyncGenerator<SentEvent> {
    const run = await ask(() => this.#options.queue.find(id))
    if (!run) return
    const { json } = await sentRun(toAsyncRun(id, run, ending), run.owner)
    yield { id: eventId, type: 'end', json }
  }
}

const CANCELLED: Ending = {
  state: 'cancelled',
  refusal: { code: 'cancelled', error: 'The run was cancelled' },
}
