// A typed client of the HTTP API, for browsers and Node. It has no dependency: what it needs beside `client/` is types.

import type { EnvironmentFacts } from '../executor/environments.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RefusalCode } from '../run/refusal.ts'
import type { RunRequestInput } from '../run/request.ts'
import { type CallOptions, type ClientOptions, caller, RefusedError } from './call.ts'
import { eventsOf } from './events.ts'
import { toOutcome } from './outcomes.ts'
import { type AsyncRunsClient, asyncRunsClient } from './runs.ts'

export type { AsyncRun, AsyncRunEvent } from '../run/async-run.ts'
export type { Display, OutputFile } from '../run/outcome.ts'
export type { EventsOptions, SubmitOptions, SubmittedRunInput } from './runs.ts'
export type { CallOptions, ClientOptions, EnvironmentFacts, Outcome, RefusalCode, RunRequestInput }
export { RefusedError }

/** The events of a stream: output as it is written, and the result at the end. After `restart` all earlier output is void. */
export type RunEvent =
  | { type: 'stdout' | 'stderr'; text: string }
  | { type: 'restart' }
  | { type: 'result'; outcome: Outcome }

/** A server that runs programs. */
export interface Client extends AsyncRunsClient {
  /**
   * Runs a program and resolves when it has ended, however it did.
   * @throws {RefusedError} when it did not run.
   */
  run(request: RunRequestInput, options?: CallOptions): Promise<Outcome>
  /**
   * Runs a program and yields its output as it comes; leaving the loop stops the program.
   * @throws {RefusedError} when it did not run.
   */
  stream(request: RunRequestInput, options?: CallOptions): AsyncGenerator<RunEvent, void>
  /** The environments that programs may run in. */
  environments(options?: CallOptions): Promise<EnvironmentFacts[]>
}

export function createClient(options: ClientOptions): Client {
  const call = caller(options)
  const post = (request: RunRequestInput, accept: string, options: CallOptions) =>
    call('/run', accept, { method: 'POST', body: JSON.stringify(request) }, options)

  return {
    ...asyncRunsClient(call),
    async run(request, options = {}) {
      const response = await post(request, 'application/json', options)
      return toOutcome(await response.json())
    },
    async *stream(request, options = {}) {
      const response = await post(request, 'text/event-stream', options)
      if (!response.body) throw new Error('the answer has no body')
      for await (const { name, data } of eventsOf(response.body)) {
        const body = JSON.parse(data)
        if (name === 'stdout' || name === 'stderr') yield { type: name, text: body.text }
        else if (name === 'restart') yield { type: name }
        else if (name === 'error') throw new RefusedError(body, response)
        else if (name === 'result') {
          yield { type: 'result', outcome: toOutcome(body) }
          return
        }
      }
      throw new Error('the connection ended before the result')
    },
    async environments(options = {}) {
      const response = await call('/environments', 'application/json', {}, options)
      return (await response.json()).environments
    },
  }
}
