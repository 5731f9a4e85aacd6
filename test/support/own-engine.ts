// A second Docker engine for tests that take it away: on a disk of its own that is small enough to be filled.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { eventually } from './docker.ts'

/** Room for the image and the containers of a test. */
const DISK_MEGABYTES = 400

function spawnEngine(folder: string, data: string, dockerHost: string) {
  return execa(
    'dockerd',
    [
      ...['--host', dockerHost, '--pidfile', `${folder}/pid`],
      ...['--data-root', data, '--exec-root', `${folder}/exec`],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    { reject: false, stdio: 'ignore' },
  )
}

/** Processes that have a folder in their command: an engine that was killed leaves the keepers of its containers. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`${folder}/`)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** Starts with `create`, ends with `remove`, which leaves no process, mount or file. */
export class OwnEngine {
  readonly dockerHost: string
  readonly #folder: string
  #process: ReturnType<typeof spawnEngine> | undefined

  private constructor(folder: string) {
    this.#folder = folder
    this.dockerHost = `unix://${folder}/docker.sock`
  }

  /** An engine that runs and has the image. */
  static async create(image: string): Promise<OwnEngine> {
    const engine = new OwnEngine(mkdtempSync(`${tmpdir()}/sce-engine-`)) // a socket's path is short
    mkdirSync(engine.#data)
    await execa('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', engine.#data])
    await engine.start()
    await engine.load(image)
    return engine
  }

  get #data(): string {
    return `${this.#folder}/data`
  }

  async start(): Promise<void> {
    // After a kill these name processes that are dead, and may not have been waited for.
    rmSync(`${this.#folder}/pid`, { force: true })
    rmSync(`${this.#folder}/exec/containerd/containerd.pid`, { force: true })
    this.#process = spawnEngine(this.#folder, this.#data, this.dockerHost)
    await eventually('the engine answers (dockerd needs root)', 60_000, async () => {
      return !(await this.docker(['version'])).failed
    })
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#process?.kill(signal)
    await this.#process
    this.#process = undefined
  }

  /** Copies an image from the machine's own engine. */
  async load(image: string): Promise<void> {
    const save = execa('docker', ['save', image], { buffer: false })
    await save.pipe('docker', ['load'], { env: { DOCKER_HOST: this.dockerHost } })
  }

  docker(args: string[]) {
    return execa('docker', args, { env: { DOCKER_HOST: this.dockerHost }, reject: false })
  }

  /** Names of all containers, running or not. */
  async containers(): Promise<string[]> {
    const { stdout } = await this.docker(['ps', '--all', '--format', '{{.Names}}'])
    return stdout.split('\n').filter((name) => name !== '')
  }

  /** Fills the disk; the returned function empties it again. */
  fillDisk(): () => void {
    const path = `${this.#data}/fill`
    let bytes = 64 * 1024 * 1024
    for (let part = 0; bytes >= 4096; ) {
      try {
        writeFileSync(`${path}-${part}`, Buffer.alloc(bytes))
        part += 1
      } catch {
        bytes /= 2
      }
    }
    return () => {
      for (let part = 0; part < 100; part += 1) rmSync(`${path}-${part}`, { force: true })
    }
  }

  async remove(): Promise<void> {
    // An engine that was killed leaves its containers and its containerd; one that ends takes them along.
    if (!this.#process) await this.start()
    const names = await this.containers()
    if (names.length > 0) await this.docker(['rm', '--force', ...names])
    await this.stop()
    for (const pid of processesOf(this.#folder)) process.kill(pid, 'SIGKILL')
    await execa('umount', ['--recursive', this.#data], { reject: false })
    await execa('umount', ['--recursive', `${this.#folder}/exec`], { reject: false })
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
