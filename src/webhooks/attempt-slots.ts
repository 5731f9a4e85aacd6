// Limits of the attempts that one server makes at once to send webhooks, and the order of those that wait.

import { Tally } from '../admission/tally.ts'

/** Attempts at once on one server. A client alone gets half of them, which is as many as it leaves free. */
export const SLOTS = 16
export const CLIENT_SLOTS = 8
/** Attempts at once to one host. */
export const HOST_SLOTS = 2

/** The client of a webhook, and its host. */
export interface Addressed {
  owner: string
  host: string
}

/** The host of a webhook, cut to the longest name in DNS (RFC 1035, section 2.3.4): no other one can be reached. */
export function hostOf({ url }: { url: string }): string {
  return new URL(url).hostname.slice(0, 253)
}

/** Counts attempts. A client may have as many as it leaves free, so that its slow receivers delay no other client. */
export class AttemptSlots {
  readonly #owners = new Tally()
  readonly #hosts = new Tally()

  /** The number of attempts of a client. */
  of(owner: string): number {
    return this.#owners.of(owner)
  }

  hasRoom({ owner, host }: Addressed): boolean {
    const free = SLOTS - this.#owners.total
    return this.#hosts.of(host) < HOST_SLOTS && this.#owners.of(owner) < free
  }

  /** Counts an attempt for as long as it takes. */
  during<T>({ owner, host }: Addressed, attempt: () => Promise<T>): Promise<T> {
    return this.#owners.during(owner, () => this.#hosts.during(host, attempt))
  }
}

/** An attempt that waits. */
interface Waiting extends Addressed {
  begin: () => void
}

/** Lets attempts wait for their slots. The client with the fewest comes first; clients, and their hosts, take turns. */
export class AttemptTurns {
  readonly #slots = new AttemptSlots()
  #waiting: Waiting[] = []

  /** Makes an attempt when there is a slot for it. */
  async run<T>(addressed: Addressed, attempt: () => Promise<T>): Promise<T> {
    const ended = new Promise<T>((resolve, reject) => {
      const begin = () => void this.#slots.during(addressed, attempt).then(resolve, reject)
      this.#waiting.push({ ...addressed, begin })
    })
    this.#begin()
    try {
      return await ended
    } finally {
      this.#begin()
    }
  }

  #begin(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const { owner, host } = next
      const rank = (one: Waiting) => (one.owner === owner ? (one.host === host ? 2 : 1) : 0)
      this.#waiting = this.#waiting
        .filter((one) => one !== next)
        .sort((one, other) => rank(one) - rank(other))
      next.begin()
    }
  }

  #next(): Waiting | undefined {
    let next: Waiting | undefined
    for (const one of this.#waiting) {
      const isFewer = !next || this.#slots.of(one.owner) < this.#slots.of(next.owner)
      if (isFewer && this.#slots.hasRoom(one)) next = one
    }
    return next
  }
}
