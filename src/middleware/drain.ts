// How far the end of the server has come.

import { ending } from '../run/refusal.ts'

/** The server's last minutes: it says that it will end, then it takes no more runs, then it is gone. */
export class Drain {
  #isEnding = false
  #takesRuns = true

  /** Whether load balancers should go elsewhere. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Everything is served, but `/readyz` says that this won't be so for long. */
  giveNotice(): void {
    this.#isEnding = true
  }

  /** What runs or waits goes on; nothing new is taken. */
  refuseRuns(): void {
    this.#isEnding = true
    this.#takesRuns = false
  }

  /** @throws {Refusal} `unavailable` where no new run is taken. */
  admitRun(): void {
    if (!this.#takesRuns) throw ending()
  }

  /** @throws {Refusal} `unavailable` where the server is about to end. */
  checkReady(): void {
    if (this.#isEnding) throw ending()
  }
}
