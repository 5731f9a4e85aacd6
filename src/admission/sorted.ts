// Items in order, in arrays that are short enough to be searched and moved within microseconds.

/** Length of the longest array. */
const MAX_LENGTH = 512

/** Keeps items in order. What the order goes by must not change for an item that is in it. */
export class Sorted<T extends object> {
  /** None of them is empty. */
  readonly #parts: T[][] = []
  readonly #isBefore: (a: T, b: T) => boolean

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get first(): T | undefined {
    return this.#parts[0]?.[0]
  }

  get last(): T | undefined {
    return this.#parts.at(-1)?.at(-1)
  }

  /** The first item of which something is true. */
  find(isTrue: (item: T) => boolean): T | undefined {
    for (const part of this.#parts) {
      const item = part.find(isTrue)
      if (item) return item
    }
    return undefined
  }

  add(item: T): void {
    const index = Math.min(this.#partOf(item), Math.max(0, this.#parts.length - 1))
    const part = this.#parts[index]
    if (!part) {
      this.#parts.push([item])
      return
    }
    const place = firstIndex(part, (one) => this.#isBefore(item, one))
    part.splice(place, 0, item)
    if (part.length > MAX_LENGTH) this.#parts.splice(index + 1, 0, part.splice(MAX_LENGTH / 2))
  }

  /** Takes an item out, if it is there. */
  delete(item: T): void {
    const index = this.#partOf(item)
    const part = this.#parts[index]
    const place = part?.indexOf(item) ?? -1
    if (!part || place < 0) return
    part.splice(place, 1)
    if (part.length === 0) this.#parts.splice(index, 1)
  }

  /** The index of the array that has an item, or may have it. */
  #partOf(item: T): number {
    return firstIndex(this.#parts, (part) => !this.#isBefore(part.at(-1) as T, item))
  }
}

/** The index of the first item for which `isTrue` holds, if it also holds for all later ones. */
function firstIndex<T>(items: readonly T[], isTrue: (item: T) => boolean): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isTrue(items[middle] as T)) high = middle
    else low = middle + 1
  }
  return low
}
