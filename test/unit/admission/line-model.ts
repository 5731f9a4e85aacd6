// A fair line as one would do it on paper: one list, in which everything is counted anew each time.

import type { Client } from '../../../src/run/record.ts'

interface Entry<T> {
  one: T
  client: Client | undefined
}

/** What a fair line has to do. It forgets nobody and finds everything by looking at all. */
export class LineModel<T> {
  #entries: Entry<T>[] = []
  readonly #earliest = new Map<string, number>()
  #now = 0

  get visitors(): T[] {
    return this.#entries.map(({ one }) => one)
  }

  get size(): number {
    return this.#entries.length
  }

  add(one: T, client: Client | undefined): void {
    if (client && this.#of(client.name).length === 0) {
      this.#earliest.set(client.name, Math.max(this.#now, this.#earliest.get(client.name) ?? 0))
    }
    this.#entries.push({ one, client })
  }

  delete(one: T): void {
    this.#entries = this.#entries.filter((entry) => entry.one !== one)
  }

  /** Takes out who is due first; of those that are due together, who came first. */
  shift(): T | undefined {
    const [entry] = this.#inOrder()
    if (!entry) return undefined
    const { one, client } = entry
    const weights = new Map(this.#entries.map((each) => [each.client?.name, each.client?.weight]))
    const together = [...weights.values()].reduce<number>((sum, weight) => sum + (weight ?? 1), 0)
    this.#now = Math.max(this.#dueAt(entry), this.#now + 1 / (together + 1))
    if (client) {
      this.#earliest.set(client.name, (this.#earliest.get(client.name) ?? 0) + 1 / client.weight)
    }
    this.delete(one)
    return one
  }

  /** Takes out who is due last; of those that are due together, who came last. */
  pop(): T | undefined {
    const last = this.#inOrder().at(-1)
    if (last) this.delete(last.one)
    return last?.one
  }

  forget(): void {
    this.#earliest.clear()
  }

  #of(name: string): Entry<T>[] {
    return this.#entries.filter(({ client }) => client?.name === name)
  }

  /** Sorting keeps the order of coming among equals. */
  #inOrder(): Entry<T>[] {
    return [...this.#entries].sort((a, b) => {
      const [first, second] = [this.#dueAt(a), this.#dueAt(b)]
      return first === second ? 0 : first - second
    })
  }

  #dueAt(entry: Entry<T>): number {
    const { client } = entry
    if (!client) return Number.NEGATIVE_INFINITY
    const index = this.#of(client.name).indexOf(entry)
    return (this.#earliest.get(client.name) ?? 0) + index / client.weight
  }
}
