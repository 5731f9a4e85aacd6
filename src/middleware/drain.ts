// The end of the server: its steps, and its effect on requests.

import type { MiddlewareHandler } from 'hono'
import { ending } from '../run/refusal.ts'

/** The end of a server in steps: it gives notice, then refuses new runs, then stops. */
export class Drain {
  #isEnding = false
  #takesRuns = true

  /** Serves everything, but fails `/readyz`, so that load balancers go elsewhere. */
  giveNotice(): void {
    this.#isEnding = true
  }

  /** Refuses new runs; those that run or wait go on. */
  refuseRuns(): void {
    this.#isEnding = true
    this.#takesRuns = false
  }

  /** @throws {Refusal} `unavailable` if the server is about to end. */
  checkReady(): void {
    if (this.#isEnding) throw ending()
  }

  /** Ends each connection with its answer, so that the client's next request goes elsewhere. */
  readonly endConnections: MiddlewareHandler = async (c, next) => {
    await next()
    if (this.#isEnding) c.header('Connection', 'close')
  }

  /** @throws {Refusal} `unavailable` if new runs are refused. */
  readonly admitRun: MiddlewareHandler = async (_c, next) => {
    if (!this.#takesRuns) throw ending()
    await next()
  }
}
