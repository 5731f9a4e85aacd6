// Bounds what all clients have together of something, so that none of them can take it from the others.

export interface SharedBoundOptions {
  /** How much all clients may have together. */
  max: number
  /** How much one client may have; by default as much as all. */
  maxOfClient?: number
}

/** Something of a client's. */
interface Held {
  amount: number
  cut: () => void
}

interface Client {
  amount: number
  /** The oldest first. */
  readonly held: Set<Held>
}

/**
 * Counts what clients have. Over the bound for one client its own oldest is cut off, over that for all the oldest of the
 * client that has most: a newcomer always has its share, and who takes too much loses it again.
 */
export class SharedBound {
  #max: number
  readonly #maxOfClient: number
  readonly #clients = new Map<string, Client>()
  #amount = 0

  constructor({ max, maxOfClient = max }: SharedBoundOptions) {
    this.#max = max
    this.#maxOfClient = maxOfClient
  }

  /** How much all of them have. */
  get amount(): number {
    return this.#amount
  }

  /**
   * Counts so much more of a client's until what this returns is called. `cut` is called where it has to go; it is no longer
   * counted then. One thing that is over the bound of its client by itself may be there, as long as it is alone.
   */
  add(name: string, amount: number, cut: () => void): () => void {
    const client = this.#clients.get(name) ?? { amount: 0, held: new Set<Held>() }
    this.#clients.set(name, client)
    const added = { amount, cut }
    client.held.add(added)
    this.#count(client, amount)
    while (client.amount > this.#maxOfClient && client.held.size > 1) this.#cutOldest(client)
    this.setMax(this.#max)
    return () => {
      if (client.held.delete(added)) this.#count(client, -amount)
      if (client.held.size === 0 && this.#clients.get(name) === client) this.#clients.delete(name)
    }
  }

  /** How much all clients may have together from now on. */
  setMax(max: number): void {
    this.#max = max
    while (this.#amount > max) this.#cutOldest(this.#largest())
  }

  #cutOldest(client: Client): void {
    const [oldest] = client.held
    if (!oldest) throw new Error('more is counted than there is')
    client.held.delete(oldest)
    this.#count(client, -oldest.amount)
    oldest.cut()
  }

  #largest(): Client {
    let largest: Client = { amount: 0, held: new Set() }
    for (const client of this.#clients.values()) {
      if (client.amount > largest.amount) largest = client
    }
    return largest
  }

  #count(client: Client, amount: number): void {
    client.amount += amount
    this.#amount += amount
  }
}
