// The end of the server: how far it has come, and what clients are told of it.

import type { MiddlewareHandler } from 'hono'
import { ending } from '../run/refusal.ts'

/** The server's last minutes: it says that it will end, then it takes no more runs, then it is gone. */
export class Drain {
  #isEnding = false
  #takesRuns = true

  /** Everything is served, but `/readyz` says that this won't be so for long. */
  giveNotice(): void {
    this.#isEnding = true
  }

  /** What runs or waits goes on; nothing new is taken. */
  refuseRuns(): void {
    this.#isEnding = true
    this.#takesRuns = false
  }

  /** @throws {Refusal} `unavailable` where the server is about to end. */
  checkReady(): void {
    if (this.#isEnding) throw ending()
  }

  /** Ends each connection with its answer, so that the client's next request goes elsewhere. */
  readonly endConnections: MiddlewareHandler = async (c, next) => {
    await next()
    if (this.#isEnding) c.header('Connection', 'close')
  }

  /** @throws {Refusal} `unavailable` for runs that come too late. */
  readonly admitRun: MiddlewareHandler = async (_c, next) => {
    if (!this.#takesRuns) throw ending()
    await next()
  }
}
