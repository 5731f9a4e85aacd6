// A notification between two parts.

/** Wakes the waiting caller, and remembers a ring if there is none. One caller waits at a time. */
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
