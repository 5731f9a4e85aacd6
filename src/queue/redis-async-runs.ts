// Asynchronous runs in Redis: every server knows the runs that another server took on.

import {
  type AsyncRuns,
  type Idempotency,
  type NewRun,
  type SentEvent,
  type SentRun,
  sentRun,
} from '../async-runs/async-runs.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { clientName, clientOf } from '../run/record.ts'
import { onAbort } from '../waits/abortable.ts'
import { Bell } from '../waits/bell.ts'
import { ask } from './connection.ts'
import { follow } from './follow.ts'
import { type IntakeOptions, takeOn } from './intake.ts'
import { decodeEnding, failure, toAsyncRun, toMeta } from './stored-run.ts'

export class RedisAsyncRuns implements AsyncRuns {
  readonly #options: IntakeOptions

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  async submit(runs: readonly NewRun[], idempotency?: Idempotency): Promise<SentRun[]> {
    const [first] = runs
    if (!first) return []
    const { origin } = first
    const { name: owner, weight } = clientOf(origin)
    const { queue, limits } = this.#options
    const ids = await takeOn(queue, {
      ...limits,
      kind: 'async',
      owner,
      weight,
      maxConcurrent: origin.key?.maxConcurrent,
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
    if (run.endedAt !== undefined && !ending) return undefined // it was removed just now
    return sentRun(toAsyncRun(run, ending), run.owner)
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
    bell.ring() // there may be some already
    try {
      for await (const { id: place, type, data } of follow(queue, id, after, bell, signal)) {
        if (type !== 'end') yield { id: place, type, data: JSON.parse(data) } as SentEvent
        else {
          const run = await ask(() => queue.find(id))
          if (!run) return
          const { json } = await sentRun(toAsyncRun(run, decodeEnding(data)), run.owner)
          yield { id: place, type, json }
        }
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
}

const CANCELLED = failure('cancelled', 'The run was cancelled', 'cancelled')
