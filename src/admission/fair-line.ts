// A queue shared fairly by clients, however many entries each of them has: start-time fair queueing.

import type { Client } from '../run/record.ts'
import { Sorted } from './sorted.ts'

/** The entries of one client in the queue. */
interface Flow<T> {
  name: string | undefined
  weight: number
  /** In the order in which they came. */
  places: Place<T>[]
  /** The time at which the first of them is due, in rounds. */
  dueAt: number
}

/** An entry of the queue. */
export interface Place<T> {
  readonly value: T
  /** How many came before. */
  readonly ticket: number
  /** Undefined when it was taken out. */
  flow: Flow<T> | undefined
}

/** Programs of our own are few, and all clients depend on them: they try the walls, and tell whether programs can be run. */
const ALWAYS = Number.NEGATIVE_INFINITY

/**
 * Serves who is due first. Time goes by in rounds: in one of them each client is due as often as its weight says, so that
 * its later places are due in later rounds. Who comes new is due now, before those who had their turn in this round.
 * With one client alone it is first come first served.
 */
export class FairLine<T> {
  /** Clients that have entries. */
  readonly #flows = new Map<string | undefined, Flow<T>>()
  readonly #byFirst = new Sorted<Flow<T>>((a, b) => isBefore(firstOf(a), firstOf(b)))
  readonly #byLast = new Sorted<Flow<T>>((a, b) => isBefore(lastOf(a), lastOf(b)))
  /** Of clients without entries that were served in this round: when their next entry is due at the earliest. */
  readonly #nextTurns = new Map<string | undefined, number>()
  #now = 0
  /** Total weight of the clients that have entries. */
  #weight = 0
  #size = 0
  #tickets = 0

  get size(): number {
    return this.#size
  }

  /** Adds one at the end of what its client has. Without a client it is of our own, and goes before all clients. */
  add(value: T, client?: Client): Place<T> {
    const flow = this.#flows.get(client?.name) ?? this.#newFlow(client)
    const place: Place<T> = { value, ticket: this.#tickets, flow }
    this.#tickets += 1
    this.#change(flow, () => {
      flow.weight = client?.weight ?? 1 // a file of keys may have changed
      flow.places.push(place)
    })
    return place
  }

  /** Removes an entry that gives up; this does not count as being served. Nothing happens if it is already out. */
  delete(place: Place<T>): void {
    const { flow } = place
    if (!flow) return
    place.flow = undefined
    this.#change(flow, () => flow.places.splice(flow.places.indexOf(place), 1))
  }

  /** Takes out the next entry, among the clients whose first entry may go. */
  shift(mayGo: (first: T) => boolean = () => true): T | undefined {
    const flow = this.#byFirst.find(
      ({ places: [first] }) => first !== undefined && mayGo(first.value),
    )
    if (!flow) return undefined
    // Time advances with each entry that is served, so that new clients are due later than waiting ones: no entry is
    // overtaken forever. The added 1 is for the next new client: it comes before the second entry of the client just served.
    this.#now = Math.max(flow.dueAt, this.#now + 1 / (this.#weight + 1))
    let place: Place<T> | undefined
    this.#change(flow, () => {
      flow.dueAt += 1 / flow.weight
      place = flow.places.shift()
    })
    if (place) place.flow = undefined
    return place?.value
  }

  /**
   * The entry that has to leave a full queue for the next entry of a client: the one that would be served last, the newest of the
   * client that holds most for its weight. Undefined if the newcomer itself would be the last.
   */
  displacedBy(client?: Client): T | undefined {
    const largest = this.#byLast.last
    if (!largest || largest.name === client?.name) return undefined
    const isLater = this.#nextDueAt(client) < lastOf(largest).dueAt
    return isLater ? largest.places.at(-1)?.value : undefined
  }

  /** To be called when no run has to wait: earlier service then delays no client. */
  forget(): void {
    if (this.#size === 0) this.#nextTurns.clear()
  }

  #newFlow(client: Client | undefined): Flow<T> {
    return { name: client?.name, weight: 0, places: [], dueAt: this.#nextDueAt(client) }
  }

  /** Changes what a client has, which may be none before and after that. */
  #change(flow: Flow<T>, change: () => void): void {
    this.#byFirst.delete(flow)
    this.#byLast.delete(flow)
    this.#weight -= flow.weight
    this.#size -= flow.places.length
    change()
    if (flow.places.length === 0) {
      this.#rest(flow)
      return
    }
    this.#byFirst.add(flow)
    this.#byLast.add(flow)
    this.#weight += flow.weight
    this.#size += flow.places.length
    this.#flows.set(flow.name, flow)
    this.#nextTurns.delete(flow.name)
  }

  /** A client has no entries any more. Clients last served in an earlier round are treated like new ones. */
  #rest(flow: Flow<T>): void {
    this.#flows.delete(flow.name)
    this.#nextTurns.set(flow.name, flow.dueAt)
    for (const [name, dueAt] of this.#nextTurns) {
      if (dueAt > this.#now) return
      this.#nextTurns.delete(name)
    }
  }

  /** When the next entry of a client is due. */
  #nextDueAt(client: Client | undefined): number {
    if (!client) return ALWAYS
    const flow = this.#flows.get(client.name)
    if (flow) return flow.dueAt + flow.places.length / client.weight
    return Math.max(this.#now, this.#nextTurns.get(client.name) ?? 0)
  }
}

interface Due {
  dueAt: number
  ticket: number
}

function firstOf({ dueAt, places }: Flow<unknown>): Due {
  return { dueAt, ticket: places[0]?.ticket ?? 0 }
}

function lastOf({ dueAt, weight, places }: Flow<unknown>): Due {
  return { dueAt: dueAt + (places.length - 1) / weight, ticket: places.at(-1)?.ticket ?? 0 }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueAt === b.dueAt ? a.ticket < b.ticket : a.dueAt < b.dueAt
}
