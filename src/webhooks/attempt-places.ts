// How many attempts to tell webhooks one server makes at once, and whose turn is next.

import { Tally } from '../admission/tally.ts'

/** Attempts at once on one server. A client alone gets half of them, which is as many as it leaves free. */
export const PLACES = 16
export const CLIENT_PLACES = 8
/** Attempts at once for one host. */
export const HOST_PLACES = 2

/** Which client's message, and to which host. */
export interface Addressed {
  owner: string
  host: string
}

/** As much of a host's name as a name in DNS may have (RFC 1035, section 2.3.4): no other one can be reached. */
export function hostOf({ url }: { url: string }): string {
  return new URL(url).hostname.slice(0, 253)
}

/** Counts the attempts that go on. A client may have as many as it leaves free, so that slow receivers of one keep nobody waiting. */
export class AttemptPlaces {
  readonly #owners = new Tally()
  readonly #hosts = new Tally()

  /** How many attempts a client has. */
  of(owner: string): number {
    return this.#owners.of(owner)
  }

  hasRoom({ owner, host }: Addressed): boolean {
    const free = PLACES - this.#owners.total
    return this.#hosts.of(host) < HOST_PLACES && this.#owners.of(owner) < free
  }

  /** Counts an attempt for as long as it takes. */
  during<T>({ owner, host }: Addressed, attempt: () => Promise<T>): Promise<T> {
    return this.#owners.during(owner, () => this.#hosts.during(host, attempt))
  }
}

/** Lets attempts wait for their places. The client with fewest comes first, those of one client and host in order. */
export class AttemptTurns {
  readonly #places = new AttemptPlaces()
  /** What begins an attempt, by client and host; those who had a turn last are last. */
  readonly #waiting = new Map<string, Map<string, (() => void)[]>>()

  /** Makes an attempt when it is its turn. */
  async run<T>(addressed: Addressed, attempt: () => Promise<T>): Promise<T> {
    const { owner, host } = addressed
    const ended = new Promise<T>((resolve, reject) => {
      const hosts = this.#waiting.get(owner) ?? new Map<string, (() => void)[]>()
      this.#waiting.set(owner, hosts)
      const messages = hosts.get(host) ?? []
      hosts.set(host, messages)
      messages.push(() => void this.#places.during(addressed, attempt).then(resolve, reject))
    })
    this.#begin()
    try {
      return await ended
    } finally {
      this.#begin()
    }
  }

  #begin(): void {
    for (let next = this.#next(); next; next = this.#next()) this.#take(next)()
  }

  #next(): Addressed | undefined {
    let next: Addressed | undefined
    for (const [owner, hosts] of this.#waiting) {
      if (next && this.#places.of(owner) >= this.#places.of(next.owner)) continue
      const host = [...hosts.keys()].find((name) => this.#places.hasRoom({ owner, host: name }))
      if (host !== undefined) next = { owner, host }
    }
    return next
  }

  #take({ owner, host }: Addressed): () => void {
    const hosts = this.#waiting.get(owner) ?? new Map<string, (() => void)[]>()
    const messages = hosts.get(host) ?? []
    const begin = messages.shift() ?? (() => {})
    hosts.delete(host)
    this.#waiting.delete(owner)
    if (messages.length > 0) hosts.set(host, messages)
    if (hosts.size > 0) this.#waiting.set(owner, hosts)
    return begin
  }
}
