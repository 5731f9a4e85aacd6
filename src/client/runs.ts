// Asynchronous runs, as a client asks for them and reads them.

import type { AsyncRun, AsyncRunEvent, Webhook } from '../run/async-run.ts'
import type { RunRequestInput } from '../run/request.ts'
import type { Call, CallOptions } from './call.ts'
import { eventsOf } from './events.ts'
import { toRun } from './outcomes.ts'
import { pause, persist } from './persist.ts'

/** The first pause between two looks at a run, and the longest, in milliseconds. */
const FIRST_LOOK_MS = 100
const LONGEST_LOOK_MS = 2000

const JSON_TYPE = 'application/json'

/** A run to ask for. */
export type SubmittedRunInput = RunRequestInput & {
  /** The webhook that is called when the run ends, if the server sends webhooks. */
  webhook?: Webhook
}

export interface SubmitOptions extends CallOptions {
  /** The same call with the same key returns the same runs, so it can be repeated if its answer was lost. */
  idempotencyKey?: string
}

export interface EventsOptions extends CallOptions {
  /** The id of the last event that was had; by default all events come. */
  after?: string
}

/** Submits runs, and reads them later. All calls throw a `RefusedError` if the server refuses. */
export interface AsyncRunsClient {
  /** Asks for a run; resolves when the server has taken it. */
  submit(request: SubmittedRunInput, options?: SubmitOptions): Promise<AsyncRun>
  /** Asks for up to a hundred runs: the server takes all or none. */
  submitAll(requests: readonly SubmittedRunInput[], options?: SubmitOptions): Promise<AsyncRun[]>
  /** How far a run has come. */
  get(id: string, options?: CallOptions): Promise<AsyncRun>
  /**
   * The events of a run, from its start to its end, as they happen. A lost connection is made again, and no
   * event is lost or comes twice. Leaving the loop does not stop the run.
   */
  events(id: string, options?: EventsOptions): AsyncGenerator<AsyncRunEvent, void>
  /** Resolves with the run when it has ended, however it did. */
  wait(id: string, options?: CallOptions): Promise<AsyncRun>
  /** Ends a run that waits or goes on; resolves with what has become of it. */
  cancel(id: string, options?: CallOptions): Promise<AsyncRun>
}

export function asyncRunsClient(call: Call): AsyncRunsClient {
  const post = async (body: unknown, { idempotencyKey, ...options }: SubmitOptions) => {
    const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await call('/runs', JSON_TYPE, init, options)).json()
  }
  const get = async (id: string, options: CallOptions = {}): Promise<AsyncRun> =>
    toRun(await (await call(pathOf(id), JSON_TYPE, {}, options)).json())

  return {
    get,
    submit: (request, options = {}) => post(request, options),
    async submitAll(requests, options = {}) {
      return (await post({ runs: requests }, options)).runs
    },
    async *events(id, { after, ...options } = {}) {
      let last = after
      const open = async () => {
        const headers = last === undefined ? {} : { 'Last-Event-ID': last }
        const response = await call(
          `${pathOf(id)}/events`,
          'text/event-stream',
          { headers },
          options,
        )
        return response.status === 204 ? null : response.body
      }
      for (;;) {
        const body = await persist(open, options.signal)
        if (!body) return
        try {
          for await (const { id, name, data } of eventsOf(body)) {
            last = id
            const body = JSON.parse(data)
            yield { id, type: name, data: name === 'end' ? toRun(body) : body } as AsyncRunEvent
            if (name === 'end') return
          }
        } catch (error) {
          if (options.signal?.aborted) throw error
        }
        await pause(FIRST_LOOK_MS, options.signal)
      }
    },
    async wait(id, options = {}) {
      for (let ms = FIRST_LOOK_MS; ; ms = Math.min(2 * ms, LONGEST_LOOK_MS)) {
        const run = await persist(() => get(id, options), options.signal)
        if (run.endedAt !== null) return run
        await pause(ms, options.signal)
      }
    },
    async cancel(id, options = {}) {
      return toRun(await (await call(pathOf(id), JSON_TYPE, { method: 'DELETE' }, options)).json())
    },
  }
}

function pathOf(id: string): string {
  return `/runs/${encodeURIComponent(id)}`
}
