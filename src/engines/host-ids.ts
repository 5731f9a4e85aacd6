// User and group numbers of the host for the user namespaces of containers: no two containers of a host have the same.

import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { HOST_IDS } from './limits.ts'

/**
 * The first number: above those of systemd's containers and of /etc/subuid, in a range that systemd's table of numbers
 * (https://systemd.io/UIDS-GIDS/) has as unused. The last is below 2^31.
 */
const FIRST_HOST_ID = 1_879_048_192
const RANGES = 65_536
/** How many ranges are tried: with thousands of containers a second trial in a hundred fails, and never so many in a row. */
const TRIALS = 100

/** The ranges of all servers of this host: a file each, so that two servers never take the same. */
export class HostIds {
  readonly #folder: string

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#folder = folder
  }

  /**
   * Takes a range for a container: the first of HOST_IDS numbers.
   * @throws {Error} if none can be had.
   */
  take(name: string): { range: number; firstHostId: number } {
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const range = randomInt(RANGES)
      const file = `${this.#folder}/${range}`
      try {
        writeFileSync(file, name, { flag: 'wx' })
        return { range, firstHostId: FIRST_HOST_ID + HOST_IDS * range }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
        rmSync(file, { force: true }) // made, but not written: a full file system
        throw error
      }
    }
    throw new Error(`no free user numbers for a container in ${this.#folder}`)
  }

  /** Gives back the range of a container, when no process of it is left; leaves it alone if another container has it now. */
  release(range: number, name: string): void {
    const file = `${this.#folder}/${range}`
    try {
      if (readFileSync(file, 'utf8') === name) rmSync(file)
    } catch {
      // given back already
    }
  }
}
