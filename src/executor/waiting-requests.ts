// Requests that hold a slot and wait for room for a container.

import { cancelled, Refusal } from '../run/refusal.ts'
import { onAbort } from '../waits/abortable.ts'

export class WaitingRequests {
  readonly #wakes = new Set<() => void>()

  get size(): number {
    return this.#wakes.size
  }

  /** Wakes all waiting requests; each checks whether it may proceed. */
  wake(): void {
    for (const wake of [...this.#wakes]) wake()
  }

  /**
   * Resolves when there may be room. `deadlineMs` is a time of `performance.now()`.
   * @throws {Refusal} `busy` at the deadline; `cancelled`.
   */
  wait(signal: AbortSignal, deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (task: () => void) => {
        clearTimeout(timer)
        stopListening()
        this.#wakes.delete(wake)
        task()
      }
      const wake = () => settle(resolve)
      const timer = setTimeout(() => settle(() => reject(busy())), deadlineMs - performance.now())
      const stopListening = onAbort(signal, () => settle(() => reject(cancelled(signal))))
      this.#wakes.add(wake)
    })
  }
}

function busy(): Refusal {
  return new Refusal('busy', 'Too many containers are starting or ending; try again later', {
    headers: { 'Retry-After': '5' },
  })
}
