// The cgroups of a container, as the host sees them: who is in them, how they end, what they counted. Version 1 and 2.

import { readdirSync, writeFileSync } from 'node:fs'
import { readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pause } from '../waits/pause.ts'
import type { ContainerUsage } from './engine.ts'
import { makeFolder } from './oci-folders.ts'
import { CONTROLLERS, type OciHost, ROOT_HOST } from './oci-host.ts'
import { ownCgroup } from './own-cgroup.ts'

/** Where every distribution mounts them. */
const ROOT = '/sys/fs/cgroup'
/** Where a host with version 1 mounts version 2 beside it. */
export const UNIFIED_CGROUP = `${ROOT}/unified`
/** How long processes that were killed may take to go, in milliseconds: a large one on a busy machine takes a second. */
const EMPTY_TIMEOUT_MS = 5000
const NANOSECONDS_PER_MS = 1_000_000
/** Pauses between two looks, in milliseconds, doubling up to the last. */
const FIRST_LOOK_MS = 2
const LAST_LOOK_MS = 50

/** How the host's cgroups are mounted. */
export type CgroupLayout = 'v1' | 'v2' | 'hybrid'

/** The cgroup hierarchies of this host. */
export class Cgroups {
  readonly layout: CgroupLayout
  readonly #root: string
  readonly #hierarchies: readonly string[]
  readonly #parent: string
  /** The list of processes of this server's own cgroup. */
  readonly #own: string

  constructor({ cgroupParent }: Pick<OciHost, 'cgroupParent'> = ROOT_HOST, root = ROOT) {
    this.#root = root
    this.#parent = cgroupParent
    const entries = readdirSync(root, { withFileTypes: true })
    if (entries.some(({ name }) => name === 'cgroup.controllers')) {
      this.layout = 'v2'
      this.#hierarchies = [root]
    } else {
      const names = entries.flatMap((entry) => (entry.isDirectory() ? entry.name : []))
      this.layout = names.includes('unified') ? 'hybrid' : 'v1'
      this.#hierarchies = names.map((name) => `${root}/${name}`)
    }
    const hierarchy = this.layout === 'v2' ? root : `${root}/pids`
    this.#own = `${hierarchy}${ownCgroup(this.layout === 'v2' ? '' : 'pids')}/cgroup.procs`
  }

  /**
   * Makes the parent of all containers in a delegated cgroup, with the controllers that the limits need. A runtime without the
   * rights of root does the same, but does not tell if it fails.
   */
  delegate(): void {
    const enabled = CONTROLLERS.map((name) => `+${name}`).join(' ')
    const parent = `${this.#root}${this.#parent}`
    makeFolder(parent, 0o755) // root of a container, another user, mounts its cgroup
    for (const folder of [dirname(parent), parent]) {
      writeFileSync(`${folder}/cgroup.subtree_control`, enabled, { flag: 'r+' })
    }
  }

  /**
   * Tells the kernel that a process will change its cgroup soon. The first change after a pause waits for all CPUs (an RCU
   * grace period, 10 ms); this process “moves” to the cgroup where it is, and the change that follows does not wait.
   */
  expectMove(): void {
    writeFile(this.#own, String(process.pid), { flag: 'r+' }).catch(() => {
      // the runtime waits a little longer
    })
  }

  /** Whether a process is in the cgroup of this container. */
  async isAlive(name: string): Promise<boolean> {
    return (await this.#processes(name)).length > 0
  }

  /**
   * Whether the kernel killed a process of the container because the container had used up its memory. The kernel counts kills
   * on a host without memory too: only a container that reached its limit is to blame for its own.
   */
  async sawOom(name: string): Promise<boolean> {
    const [kills, hits] =
      this.layout === 'v2'
        ? await this.#numbers(
            'memory',
            name,
            ['memory.events', 'oom_kill'],
            ['memory.events', 'oom'],
          )
        : await this.#numbers(
            'memory',
            name,
            ['memory.oom_control', 'oom_kill'],
            ['memory.failcnt'],
          )
    return (kills ?? 0) > 0 && (hits ?? 0) > 0
  }

  /** What the container has used so far, as far as this kernel counts it: `memory.peak` came with Linux 5.19. */
  async usage(name: string): Promise<ContainerUsage> {
    const [[cpuNs], [peakMemoryBytes]] =
      this.layout === 'v2'
        ? await Promise.all([
            this.#numbers('', name, ['cpu.stat', 'usage_usec', 1000]),
            this.#numbers('', name, ['memory.peak']),
          ])
        : await Promise.all([
            this.#numbers('cpuacct', name, ['cpuacct.usage']),
            this.#numbers('memory', name, ['memory.max_usage_in_bytes']),
          ])
    return {
      ...(cpuNs !== undefined && { cpuMs: cpuNs / NANOSECONDS_PER_MS }),
      ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
    }
  }

  /** Kills every process of the container. Resolves when none is left, false if some are after seconds. */
  async kill(name: string): Promise<boolean> {
    const deadlineMs = performance.now() + EMPTY_TIMEOUT_MS
    for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(2 * lookMs, LAST_LOOK_MS)) {
      const pids = await this.#processes(name)
      if (pids.length === 0) return true
      if (performance.now() > deadlineMs) return false
      const sweep = `${this.#of('memory', name)}/cgroup.kill`
      // Version 1, and kernels before 5.14, have no such file. A fork that escapes is seen at the next look.
      if (!(await written(sweep, '1'))) for (const pid of pids) kill(pid)
      await pause(lookMs)
    }
  }

  /** Removes the cgroups of a container without processes; false if one of them stays. */
  async remove(name: string): Promise<boolean> {
    const gone = this.#hierarchies.map((hierarchy) =>
      removed(`${hierarchy}${this.#parent}/${name}`),
    )
    return (await Promise.all(gone)).every(Boolean)
  }

  #of(controller: string, name: string): string {
    const hierarchy = this.layout === 'v2' ? this.#root : `${this.#root}/${controller}`
    return `${hierarchy}${this.#parent}/${name}`
  }

  /** Numbers in files of a container's cgroup: file, word before the number, factor. Undefined where there is none. */
  async #numbers(
    controller: string,
    name: string,
    ...wanted: [file: string, word?: string, factor?: number][]
  ): Promise<(number | undefined)[]> {
    return Promise.all(
      wanted.map(async ([file, word = '', factor = 1]) => {
        const text = await read(`${this.#of(controller, name)}/${file}`)
        const digits = text.match(new RegExp(`^${word && `${word} `}(\\d+)$`, 'm'))?.[1]
        return digits === undefined ? undefined : Number(digits) * factor
      }),
    )
  }

  async #processes(name: string): Promise<number[]> {
    const text = await read(`${this.#of('pids', name)}/cgroup.procs`)
    return text.split('\n').filter(Boolean).map(Number)
  }
}

/** The text of a file of the kernel; empty if there is no such cgroup any more. */
async function read(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '')
}

async function written(path: string, text: string): Promise<boolean> {
  return writeFile(path, text, { flag: 'r+' }).then(
    () => true,
    () => false,
  )
}

function kill(pid: number): void {
  // 0 stands for a process of another PID namespace, and would be this process and its group.
  if (pid > 1) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended
    }
  }
}

async function removed(path: string): Promise<boolean> {
  return rmdir(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  )
}
