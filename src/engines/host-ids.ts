// User and group numbers of the host for the user namespaces of containers: no two containers of a host have the same.

import { randomInt } from 'node:crypto'
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { HOST_IDS } from './container-spec.ts'
import { type IdRange, ROOT_HOST } from './oci-host.ts'

/** How many ranges are tried: with thousands of containers a second trial in a hundred fails, and never so many in a row. */
const TRIALS = 100

/**
 * The ranges of all servers that share a state folder, so that two of them never take the same. A link for each range has the
 * name of the container as its target: it is made with its content in one step, so that a server killed at any moment leaves it
 * whole.
 */
export class HostIds {
  readonly #folder: string
  readonly #first: number
  readonly #count: number
  readonly #ranges = new Map<string, number>()

  constructor(folder: string, { first, count }: IdRange = ROOT_HOST.ids) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#first = first
    this.#count = Math.floor(count / HOST_IDS)
    this.#folder = folder
  }

  /**
   * Takes a range for a container; the result is the first of its HOST_IDS numbers.
   * @throws {Error} if no range can be taken.
   */
  take(name: string): number {
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const range = randomInt(this.#count)
      try {
        symlinkSync(name, `${this.#folder}/${range}`)
        this.#ranges.set(name, range)
        return this.#first + HOST_IDS * range
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
    throw new Error(`no free user numbers for a container in ${this.#folder}`)
  }

  /** Gives back the range of a container, when no process of it is left. */
  release(name: string): void {
    const known = this.#ranges.get(name)
    // A container of a server that is gone: every range is looked at.
    for (const range of known === undefined ? readdirSync(this.#folder) : [known]) {
      const file = `${this.#folder}/${range}`
      if (target(file) === name) rmSync(file)
    }
    this.#ranges.delete(name)
  }

  /** Names of containers that have a range. */
  holders(): string[] {
    return readdirSync(this.#folder).map((range) => target(`${this.#folder}/${range}`))
  }
}

/** Where a link leads; empty if it is gone. */
function target(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
