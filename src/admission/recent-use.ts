// How much each client has used lately.

/** Default half-life of a use, in milliseconds. */
const HALF_LIFE_MS = 2000
/** Less than this counts as nothing: a single use after three half-lives. */
const NOTHING = 1 / 8
/** How many clients are remembered at most. */
const MAX_REMEMBERED = 1000

interface Use {
  amount: number
  atMs: number
}

/** A sum of uses for each client, in which older ones count for less. */
export class RecentUse {
  readonly #nowMs: () => number
  readonly #halfLifeMs: number
  readonly #uses = new Map<string, Use>()

  /** The clock may have any origin, and never goes back. */
  constructor(nowMs: () => number = () => performance.now(), halfLifeMs = HALF_LIFE_MS) {
    this.#nowMs = nowMs
    this.#halfLifeMs = halfLifeMs
  }

  add(client: string): void {
    const amount = this.of(client) + 1
    this.#uses.delete(client) // the map is in the order of the last use
    this.#uses.set(client, { amount, atMs: this.#nowMs() })
    if (this.#uses.size > MAX_REMEMBERED) this.#forgetIdle()
  }

  /** 0 if it has used nothing lately. */
  of(client: string): number {
    const use = this.#uses.get(client)
    return use ? this.#left(use) : 0
  }

  /** The most that one client has used; `except` one of them. */
  most(except?: string): number {
    let most = 0
    for (const [name, use] of this.#uses) {
      if (name !== except) most = Math.max(most, this.#left(use))
    }
    return most
  }

  #left({ amount, atMs }: Use): number {
    const left = amount * 2 ** ((atMs - this.#nowMs()) / this.#halfLifeMs)
    return left < NOTHING ? 0 : left
  }

  /** If all clients have used something, half of them are forgotten: a flood of clients takes no memory. */
  #forgetIdle(): void {
    for (const [client, use] of this.#uses) {
      if (this.#left(use) > 0 && this.#uses.size <= MAX_REMEMBERED / 2) return
      this.#uses.delete(client)
    }
  }
}
