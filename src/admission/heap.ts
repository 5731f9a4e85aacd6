// A binary heap whose items may change their places: the first one is at hand, each change takes logarithmic time.

/** Keeps items so that the first of an order is at hand. An item is in it once. */
export class Heap<T extends object> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[] = []
  readonly #indexes = new Map<T, number>()

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  get size(): number {
    return this.#items.length
  }

  /** Puts an item in. To be called again whenever what the order goes by has changed for it. */
  put(item: T): void {
    const index = this.#indexes.get(item) ?? this.#items.length
    this.#set(index, item)
    this.#settle(index)
  }

  /** Takes an item out, if it is there. */
  delete(item: T): void {
    const index = this.#indexes.get(item)
    if (index === undefined) return
    this.#indexes.delete(item)
    const last = this.#items.pop() as T
    if (last === item) return
    this.#set(index, last)
    this.#settle(index)
  }

  #set(index: number, item: T): void {
    this.#items[index] = item
    this.#indexes.set(item, index)
  }

  /** Moves the item at an index, the only one that may be out of order, up or down to where it belongs. */
  #settle(start: number): void {
    const item = this.#items[start] as T
    let index = start
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = this.#items[above] as T
      if (!this.#isBefore(item, parent)) break
      this.#set(index, parent)
      index = above
    }
    while (true) {
      const below = this.#firstBelow(index)
      const child = this.#items[below]
      if (child === undefined || !this.#isBefore(child, item)) break
      this.#set(index, child)
      index = below
    }
    this.#set(index, item)
  }

  #firstBelow(index: number): number {
    const left = 2 * index + 1
    const [a, b] = [this.#items[left], this.#items[left + 1]]
    return a !== undefined && b !== undefined && this.#isBefore(b, a) ? left + 1 : left
  }
}
