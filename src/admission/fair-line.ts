// A line of several clients, in which each gets its turns however many places others hold: start-time fair queueing.

import type { Client } from '../run/record.ts'
import { Heap } from './heap.ts'
import { LinkedList, type Member } from './linked-list.ts'

/** What one client has in the line. */
interface Flow<T> {
  name: string | undefined
  weight: number
  places: LinkedList<Place<T>>
  /** The time at which the first of them is due, in rounds; where it has none, the earliest for its next one. */
  dueAt: number
}

/** One who stands in a line. */
export interface Place<T> extends Member<Place<T>> {
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
  /** Those that have places, and those that are remembered because they had a turn in this round. */
  readonly #flows = new Map<string | undefined, Flow<T>>()
  readonly #byFirst = new Heap<Flow<T>>((a, b) => isBefore(firstOf(a), firstOf(b)))
  readonly #byLast = new Heap<Flow<T>>((a, b) => isBefore(lastOf(b), lastOf(a)))
  /** Those without places, of which the first may be forgotten next. */
  readonly #idle = new Heap<Flow<T>>((a, b) => a.dueAt < b.dueAt)
  #now = 0
  /** Of the clients that have places, together. */
  #weight = 0
  #size = 0
  #tickets = 0

  get size(): number {
    return this.#size
  }

  /** Adds one at the end of what its client has. Without a client it is of our own, and goes before all clients. */
  add(value: T, client?: Client): Place<T> {
    const flow = this.#flows.get(client?.name) ?? this.#newFlow(client)
    if (flow.places.size === 0) {
      this.#idle.delete(flow)
      flow.dueAt = this.#nextDueAt(flow, client)
    } else {
      this.#weight -= flow.weight
    }
    flow.weight = client?.weight ?? 1 // a file of keys may have changed
    this.#weight += flow.weight
    const place: Place<T> = { value, ticket: this.#tickets, flow }
    this.#tickets += 1
    this.#size += 1
    flow.places.add(place)
    this.#sort(flow)
    return place
  }

  /** Takes one out that gives up; it is no turn. Nothing happens where it is out already. */
  delete(place: Place<T>): void {
    const { flow } = place
    if (!flow) return
    place.flow = undefined
    flow.places.delete(place)
    this.#size -= 1
    if (flow.places.size > 0) {
      this.#sort(flow)
      return
    }
    this.#weight -= flow.weight
    this.#byFirst.delete(flow)
    this.#byLast.delete(flow)
    this.#idle.put(flow)
    this.#forgetIdle()
  }

  /** Takes out the one whose turn it is. */
  shift(): T | undefined {
    const flow = this.#byFirst.first
    const place = flow?.places.first
    if (!flow || !place) return undefined
    // It goes on with each turn, whoever has it, so that clients that come new are due later than those who wait: nobody is
    // overtaken for ever. The one more is for who comes next: it is not behind the second turn of who had one just now.
    this.#now = Math.max(flow.dueAt, this.#now + 1 / (this.#weight + 1))
    flow.dueAt += 1 / flow.weight
    this.delete(place)
    return place.value
  }

  /**
   * The one who has to leave a line that is full for the next one of a client: who would be served last, the newest of the
   * client that holds most for its weight. Undefined where the newcomer itself would be the last.
   */
  displacedBy(client?: Client): T | undefined {
    const largest = this.#byLast.first
    const flow = this.#flows.get(client?.name)
    if (!largest || largest === flow) return undefined
    return this.#nextDueAt(flow, client) < lastOf(largest).dueAt
      ? largest.places.last?.value
      : undefined
  }

  /** To be called when nobody has to wait: turns of before make nobody's next one later. */
  forget(): void {
    if (this.#size > 0) return
    for (const flow of this.#flows.values()) this.#idle.delete(flow)
    this.#flows.clear()
  }

  #newFlow(client: Client | undefined): Flow<T> {
    const name = client?.name
    const flow = { name, weight: 1, places: new LinkedList<Place<T>>(), dueAt: this.#now }
    this.#flows.set(name, flow)
    return flow
  }

  /** When the next place of a client is due. */
  #nextDueAt(flow: Flow<T> | undefined, client: Client | undefined): number {
    if (!client) return ALWAYS
    if (!flow) return this.#now
    const { places, dueAt } = flow
    return places.size > 0 ? dueAt + places.size / client.weight : Math.max(this.#now, dueAt)
  }

  #sort(flow: Flow<T>): void {
    this.#byFirst.put(flow)
    this.#byLast.put(flow)
  }

  /** Those whose last turn is of a round before this one are like new ones. */
  #forgetIdle(): void {
    for (let flow = this.#idle.first; flow && flow.dueAt <= this.#now; flow = this.#idle.first) {
      this.#idle.delete(flow)
      this.#flows.delete(flow.name)
    }
  }
}

interface Due {
  dueAt: number
  ticket: number
}

function firstOf({ dueAt, places }: Flow<unknown>): Due {
  return { dueAt, ticket: places.first?.ticket ?? 0 }
}

function lastOf({ dueAt, weight, places }: Flow<unknown>): Due {
  return { dueAt: dueAt + (places.size - 1) / weight, ticket: places.last?.ticket ?? 0 }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueAt === b.dueAt ? a.ticket < b.ticket : a.dueAt < b.dueAt
}
