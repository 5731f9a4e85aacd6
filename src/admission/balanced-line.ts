// A queue that picks the client with the fewest active items by weight, so that clients have their shares at any moment.

/** One that waits. */
export interface Waiting {
  /** The client that it counts for. */
  readonly client: string
  /** How many slots this client gets for each one of a client of weight 1. */
  readonly weight: number
  /** How many of this client may be out at once; that of the one who came last holds for all of the client's. */
  readonly maxOut: number
}

interface Client<T> {
  /** In the order in which they came. */
  readonly waiting: T[]
  /** How many of them may be out at once. */
  maxOut: number
  /** How many were taken and have not left. */
  out: number
  /** When its first item is due, on a clock that advances with each item taken. */
  turn: number
  isResting: boolean
}

/**
 * A queue for each client. Next is the client with the fewest active items, and among equals the one that was served the
 * longest ago, both by weight: a client with a thousand runs does not delay a client with one. Priorities that are given
 * on arrival can't know how many items of a client are active when a slot becomes free, can't pass over a client that has
 * reached its limit, and would keep the last of many items behind all that come later. Unlike the queue of the gate, this
 * one never removes an item to make room.
 */
export class BalancedLine<T extends Waiting> {
  readonly #clients = new Map<string, Client<T>>()
  /** How many came before each. */
  readonly #tickets = new WeakMap<T, number>()
  #nextTicket = 0
  #turn = 0
  #size = 0

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** How many of these are parked: their clients have as many out or next as they may. */
  get parked(): number {
    let parked = 0
    for (const client of this.#clients.values()) parked += parkedOf(client)
    return parked
  }

  /** How many items of a client wait, how many of these are parked, and how many more may be active; undefined if unknown. */
  of(name: string): { waiting: number; parked: number; room: number | undefined } {
    const client = this.#clients.get(name)
    if (!client) return { waiting: 0, parked: 0, room: undefined }
    const { waiting, maxOut, out } = client
    return { waiting: waiting.length, parked: parkedOf(client), room: Math.max(0, maxOut - out) }
  }

  /** How many of a client's may be out at once. */
  maxOutOf(name: string): number {
    return this.#clients.get(name)?.maxOut ?? Number.POSITIVE_INFINITY
  }

  /** How many of a client's may be out at once from now on. */
  setMaxOut(name: string, maxOut: number): void {
    const client = this.#clients.get(name)
    if (client) client.maxOut = maxOut
  }

  add(one: T): void {
    const client = this.#clientOf(one)
    // A client that was idle has saved up nothing.
    if (client.waiting.length === 0) client.turn = this.#turn + 1 / one.weight
    client.maxOut = one.maxOut
    this.#tickets.set(one, this.#nextTicket)
    this.#nextTicket += 1
    client.waiting.push(one)
    this.#size += 1
  }

  /**
   * Takes the next item out of the queue; undefined if none may be taken. `otherOf` is the number of other active items of a
   * client, which count against its limit too.
   */
  take(otherOf: (client: string) => number = () => 0): T | undefined {
    let next: { client: Client<T>; one: T; share: number } | undefined
    for (const [name, client] of this.#clients) {
      const [one] = client.waiting
      if (!one || client.isResting || client.out + otherOf(name) >= client.maxOut) continue
      const share = client.out / one.weight
      const isSooner =
        !next || share < next.share || (share === next.share && client.turn < next.client.turn)
      if (isSooner) next = { client, one, share }
    }
    if (!next) return undefined
    const { client, one } = next
    client.waiting.shift()
    client.out += 1
    this.#turn = Math.max(this.#turn, client.turn)
    client.turn = this.#turn + 1 / one.weight
    this.#size -= 1
    return one
  }

  /** One that was taken waits again, before all of its client that came later, as if it had not been taken. */
  putBack(one: T): void {
    const client = this.#clientOf(one)
    client.out -= 1
    client.turn -= 1 / one.weight
    const ticket = this.#ticketOf(one)
    const place = client.waiting.findIndex((other) => this.#ticketOf(other) > ticket)
    client.waiting.splice(place < 0 ? client.waiting.length : place, 0, one)
    this.#size += 1
  }

  /** One that was taken has left. */
  leave(one: T): void {
    const client = this.#clientOf(one)
    client.out -= 1
    this.#forgetIdle(one.client, client)
  }

  /** Takes one out that waits; false if it does not. */
  remove(one: T): boolean {
    const client = this.#clients.get(one.client)
    const place = client?.waiting.indexOf(one) ?? -1
    if (!client || place < 0) return false
    client.waiting.splice(place, 1)
    this.#size -= 1
    this.#forgetIdle(one.client, client)
    return true
  }

  /** Whether this client is passed over. */
  setResting(name: string, isResting: boolean): void {
    const client = this.#clients.get(name)
    if (client) client.isResting = isResting
  }

  /** All that wait. */
  *[Symbol.iterator](): Generator<T, void> {
    for (const { waiting } of [...this.#clients.values()]) yield* [...waiting]
  }

  #clientOf(one: T): Client<T> {
    const known = this.#clients.get(one.client)
    if (known) return known
    const client = { waiting: [], maxOut: one.maxOut, out: 0, turn: 0, isResting: false }
    this.#clients.set(one.client, client)
    return client
  }

  #ticketOf(one: T): number {
    return this.#tickets.get(one) ?? 0
  }

  #forgetIdle(name: string, { waiting, out }: Client<T>): void {
    if (waiting.length === 0 && out === 0) this.#clients.delete(name)
  }
}

function parkedOf({ waiting, maxOut, out }: Client<unknown>): number {
  return Math.max(0, waiting.length - Math.max(0, maxOut - out))
}
