// One container for one run: started in advance or on demand, given one job, then disposed of.

import { randomBytes } from 'node:crypto'
import type { ContainerSpec } from '../engines/container-spec.ts'
import type { ContainerStreams, ContainerUsage, Engine } from '../engines/engine.ts'
import { abortable } from '../waits/abortable.ts'
import { pause } from '../waits/pause.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import type { ContainerState } from './events.ts'
import { encodeJob, type Frame, FrameParser, type Job, PROTOCOL_VERSION } from './protocol.ts'

/** How long a container may take to end by itself before it is killed by name, in milliseconds. */
const DISPOSE_GRACE_MS = 1000
/** How long the engine may continue creating a container after its command was killed, in milliseconds. */
const MAKING_MS = 2000
/** Pauses between attempts to remove a container, in milliseconds, doubling. */
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 10_000
/** How many characters of the engine's messages on stderr are kept for the log. */
const MAX_DIAGNOSTIC_CHARS = 4000

export interface SandboxOptions {
  engine: Engine
  spec: ContainerSpec
  /** The image to run. Its name may refer to another image by now. */
  imageId: Promise<string>
  userId: number
  /** How long the runner may take to report `ready`, in milliseconds. */
  startTimeoutMs: number
  /** Called when the container is killed by name. */
  onKilled?: () => void
}

/** Messages of Docker and Podman for an image id that they do not have. */
const NO_IMAGE = /no such image|unable to find image|image not known/i

/** A container and its standard streams. */
export class Sandbox {
  readonly name = `safe-code-executor-${randomBytes(8).toString('hex')}`
  readonly startedAtMs = performance.now()
  /** Resolves when the runner is ready; rejects with the cause if it cannot become ready. */
  readonly ready: Promise<void>
  /** Resolves when the container has ended and all its output has been read. */
  readonly closed: Promise<void>
  /** Resolves when the engine no longer has the container and no process of the host waits for it. */
  readonly gone: Promise<void>
  readonly #engine: Engine
  readonly #onKilled: () => void
  readonly #image: string
  /** Undefined until the id of the image is known. */
  #streams: ContainerStreams | undefined
  readonly #parser = new FrameParser()
  #onFrame: (frame: Frame) => void = () => {}
  #diagnostics = ''
  readonly #giveUpStart = new AbortController()
  #isReady = false
  #isFailed = false
  #isDelivered = false
  #isClosed = false
  #disposal: Promise<void> | undefined

  constructor(options: SandboxOptions) {
    const { engine, spec, imageId, userId, startTimeoutMs, onKilled = () => {} } = options
    this.#engine = engine
    this.#image = spec.image
    this.#onKilled = onKilled
    const started = imageId.then((image) => {
      if (this.#giveUpStart.signal.aborted) throw new Error('given up before it was started')
      this.#listen(engine.start({ name: this.name, userId }, spec, image))
    })
    this.closed = this.#close(started)
    this.ready = this.#becomeReady(started, startTimeoutMs)
    this.ready.catch(() => {
      this.#isFailed = true // the caller that takes the sandbox gets the error
    })
    this.gone = this.closed.then(() => this.#disposal)
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isClosed
  }

  /** Whether its holder has disposed of it. */
  get isDisposed(): boolean {
    return this.#disposal !== undefined
  }

  /** Whether it can still be given a job: it is starting or ready, and no byte of a job has been written to it. */
  get isUnused(): boolean {
    return !this.#isDelivered && !this.#isFailed && !this.#isClosed && !this.isDisposed
  }

  get state(): ContainerState {
    if (this.isDisposed || this.#isClosed) return 'ending'
    if (this.#isDelivered) return 'running'
    return this.#isReady ? 'waiting' : 'starting'
  }

  /** Hands over the job. `onFrame` gets only the frames that carry its token. */
  deliver(job: Job, onFrame: (frame: Frame) => void): void {
    this.#isDelivered = true
    this.#onFrame = (frame) => {
      if (frame.token.equals(job.token)) onFrame(frame)
    }
    this.#streams?.stdin.write(encodeJob(job)) // defined, because it is ready
  }

  /** Kills the container by name and waits until it is dead. */
  async kill(): Promise<void> {
    this.#onKilled()
    await this.#engine.remove(this.name)
  }

  /** Whether the engine saw the container run out of memory. */
  sawOom(): Promise<boolean> {
    return this.#engine.sawOom(this.name)
  }

  /** What the host counted for the container so far. */
  usage(): Promise<ContainerUsage> {
    return this.#engine.usage(this.name)
  }

  /**
   * Ends the container after `delayMs` milliseconds: by closing its input, or by force if that fails. Resolves when it
   * is gone; retries until then.
   */
  dispose(delayMs = 0): Promise<void> {
    this.#disposal ??= this.#end(delayMs)
    return this.#disposal
  }

  /** Makes the disposal of a container that is still starting stop waiting for the start. */
  giveUpStart(): void {
    this.#giveUpStart.abort()
  }

  #listen(streams: ContainerStreams): void {
    streams.stdin.on('error', () => {}) // the container is gone; `closed` reports it
    streams.stderr.on('data', (chunk: Buffer) => {
      this.#diagnostics = (this.#diagnostics + chunk).slice(-MAX_DIAGNOSTIC_CHARS)
    })
    streams.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#streams = streams
  }

  async #end(delayMs: number): Promise<void> {
    if (delayMs > 0) await settlesWithin(this.closed, delayMs)
    // The engine creates a requested container even if the command has ended, and does not know its name before that:
    // removing it now would leave a container that never ran and that nothing ends.
    await abortable(this.ready, this.#giveUpStart.signal).catch(() => {})
    this.#streams?.stdin.end()
    const isGivenUp = this.#giveUpStart.signal.aborted
    const hasEnded = !isGivenUp && (await settlesWithin(this.closed, DISPOSE_GRACE_MS))
    if (hasEnded && (await this.#engine.clear(this.name))) return
    this.#onKilled()
    await this.#remove(isGivenUp)
  }

  /** Removes the container by name and retries until it is gone. `isAbandoned`: its command is killed first. */
  async #remove(isAbandoned: boolean): Promise<void> {
    let commandKilledAtMs: number | undefined
    const killCommand = () => {
      this.#streams?.abandon()
      commandKilledAtMs ??= performance.now()
    }
    if (isAbandoned) killCommand()
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      const removal = await this.#engine.remove(this.name)
      if (removal === 'removed' || removal === 'absent') {
        const hasEnded = await settlesWithin(this.closed, DISPOSE_GRACE_MS)
        // A command that ended by itself has seen its container end. A killed one's container may still be created.
        if (hasEnded && removal === 'removed') return
        if (hasEnded && performance.now() - (commandKilledAtMs ?? 0) > MAKING_MS) return
        killCommand()
      }
      await pause(retryMs)
    }
  }

  async #close(started: Promise<void>): Promise<void> {
    await started.catch(() => {})
    await this.#streams?.ended
    this.#isClosed = true
  }

  #becomeReady(started: Promise<void>, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (cause: string) => {
        clearTimeout(timer)
        reject(new Error(cause))
      }
      const timer = setTimeout(() => fail(`container not ready after ${timeoutMs} ms`), timeoutMs)
      this.#onFrame = ({ kind, payload }) => {
        if (kind !== 'R') return
        const version = payload.toString()
        if (version !== PROTOCOL_VERSION) return fail(otherVersion(this.#image, version))
        clearTimeout(timer)
        this.#isReady = true
        resolve()
      }
      started
        .then(() => this.#streams?.ended)
        .then(
          (how = '') => fail(this.#whyEnded(how)),
          (error: Error) => fail(error.message),
        )
    })
  }

  /** The engine's messages, else how the container ended. */
  #whyEnded(otherwise: string): string {
    const cause = this.#diagnostics.trim() || otherwise
    return NO_IMAGE.test(cause) ? `${cause}\n${imageIsGone(this.#image)}` : cause
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#parser.push(chunk)) this.#onFrame(frame)
    } catch {
      // These bytes are not from the runner, so nothing after them can be trusted either.
      this.#streams?.stdout.destroy()
      void this.kill()
    }
  }
}

function imageIsGone(name: string): string {
  return `The image that ${name} was when this process started was removed: load it again, or start this process again to use what ${name} is now`
}

/** A runner older than the version numbers reports none. */
function otherVersion(name: string, version: string): string {
  return `The runner in the image ${name} speaks version ${version || 'none'} of the protocol, this server ${PROTOCOL_VERSION}: make the image that belongs to this server (safe-code-executor setup, or npm run setup in a checkout), then start it again`
}
