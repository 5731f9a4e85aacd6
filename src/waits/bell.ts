// Between one to whom something comes, and one who waits for it.

/** Wakes whoever waits, and remembers that it has rung where nobody waits. One waits at a time. */
export class Bell {
  #hasRung = false
  #wake: () => void = () => {}

  ring(): void {
    this.#hasRung = true
    this.#wake()
  }

  /** Resolves with true when it rings, or has rung since the last time; with false after `ms` milliseconds. */
  heard(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = () => {}
        resolve(this.#hasRung)
        this.#hasRung = false
      }
      if (this.#hasRung) this.#wake()
    })
  }
}
