// One container, used for one run: started early or late, given one job, then thrown away.

import { randomBytes } from 'node:crypto'
import { execa, type ResultPromise } from 'execa'
import { settlesWithin } from '../settles-within.ts'
import type { Engine } from './engine.ts'
import { type ContainerSpec, dockerRunArgs } from './flags.ts'
import { encodeJob, type Frame, FrameParser, type Job } from './protocol.ts'

/** How long a container that should be gone may take, in milliseconds, before it is killed by name. */
const DISPOSE_GRACE_MS = 1000
/** How much of what `docker run` says on its stderr is kept for the log. */
const MAX_DIAGNOSTIC_CHARS = 4000

export interface SandboxOptions {
  engine: Engine
  spec: ContainerSpec
  userId: number
  /** Longest wait from `docker run` to the runner's `ready`, in milliseconds. */
  startTimeoutMs: number
  /** Told when it is killed by name. */
  onKilled?: () => void
}

const options = {
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
  buffer: false,
  reject: false,
  // In a session of its own a Ctrl-C in the server's terminal does not reach it: the server drains first.
  detached: true,
  cleanup: false,
} as const

/** A container and the `docker run` process that holds its standard streams. */
export class Sandbox {
  readonly name = `safe-code-executor-${randomBytes(8).toString('hex')}`
  readonly startedAtMs = performance.now()
  /** Resolves when the runner is ready; rejects with the cause when it can't be. */
  readonly ready: Promise<void>
  /** Resolves when `docker run` has ended and all its output is read. */
  readonly closed: Promise<void>
  readonly #engine: Engine
  readonly #onKilled: () => void
  readonly #process: ResultPromise<typeof options>
  readonly #parser = new FrameParser()
  #onFrame: (frame: Frame) => void = () => {}
  #diagnostics = ''
  #isReady = false
  #isClosed = false
  #isDisposed = false

  constructor({ engine, spec, userId, startTimeoutMs, onKilled = () => {} }: SandboxOptions) {
    this.#engine = engine
    this.#onKilled = onKilled
    const args = dockerRunArgs({ name: this.name, userId }, spec)
    this.#process = execa(engine.command, args, options)
    this.#process.stdin.on('error', () => {}) // the container is gone; `closed` tells
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#diagnostics = (this.#diagnostics + chunk).slice(-MAX_DIAGNOSTIC_CHARS)
    })
    this.closed = this.#close()
    this.ready = this.#becomeReady(startTimeoutMs)
    this.ready.catch(() => {}) // whoever takes the sandbox sees it
    this.#process.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isClosed
  }

  /** Whether whoever had it has thrown it away. */
  get isDisposed(): boolean {
    return this.#isDisposed
  }

  /** Hands over the job. `onFrame` gets the frames that carry its token and no other. */
  deliver(job: Job, onFrame: (frame: Frame) => void): void {
    this.#onFrame = (frame) => {
      if (frame.token.equals(job.token)) onFrame(frame)
    }
    this.#process.stdin.write(encodeJob(job))
  }

  /** Kills the container by name and waits until it is dead. */
  async kill(): Promise<void> {
    this.#onKilled()
    await this.#engine.removeContainer(this.name)
  }

  /** Whether the engine saw the container run out of memory. */
  sawOom(): Promise<boolean> {
    return this.#engine.sawOom(this.name)
  }

  /** Ends the container, after `delayMs`: by the end of its input, and where that does not help by force. */
  async dispose(delayMs = 0): Promise<void> {
    this.#isDisposed = true
    if (delayMs > 0) await settlesWithin(this.closed, delayMs)
    this.#process.stdin.end()
    if (await settlesWithin(this.closed, DISPOSE_GRACE_MS)) return
    await this.kill()
    if (await settlesWithin(this.closed, DISPOSE_GRACE_MS)) return
    this.#process.kill('SIGKILL')
  }

  async #close(): Promise<void> {
    await this.#process
    this.#isClosed = true
  }

  #becomeReady(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`container not ready after ${timeoutMs} ms`)),
        timeoutMs,
      )
      this.#onFrame = (frame) => {
        if (frame.kind !== 'R') return
        clearTimeout(timer)
        this.#isReady = true
        resolve()
      }
      void this.#process.then((result) => {
        clearTimeout(timer)
        const cause =
          this.#diagnostics.trim() || result.shortMessage || `exit code ${result.exitCode}`
        reject(new Error(cause))
      })
    })
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#parser.push(chunk)) this.#onFrame(frame)
    } catch {
      // Not the runner's words: nothing after them can be believed either.
      this.#process.stdout.destroy()
      void this.kill()
    }
  }
}
