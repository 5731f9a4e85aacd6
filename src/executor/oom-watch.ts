// Listens to the engine for containers that ran out of memory: the one witness where the runner itself was killed.

import { execa } from 'execa'
import type { Logger } from 'pino'
import { OWNER_LABEL } from './engine.ts'

/** How long an event may lag behind the end of its container, in milliseconds. */
const EVENT_LAG_MS = 200
/** Pauses between attempts to listen again, in milliseconds. */
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 10_000
/** Names kept; far more than can end within EVENT_LAG_MS. */
const MAX_NAMES = 1000

export interface OomWatchOptions {
  /** The docker command. */
  command: string
  /** Value of OWNER_LABEL on this server's containers. */
  owner: string
  logger: Logger
}

/** One long-lived `docker events`, restarted when it ends: the engine may restart too. */
export class OomWatch {
  readonly #options: OomWatchOptions
  readonly #stop = new AbortController()
  readonly #names = new Set<string>()
  readonly #listeners = new Set<(name: string) => void>()
  #retryMs = FIRST_RETRY_MS

  constructor(options: OomWatchOptions) {
    this.#options = options
    this.#listen()
  }

  /** Whether the container ran out of memory; waits a moment for word of it. */
  sawOom(name: string): Promise<boolean> {
    if (this.#names.has(name)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const finish = (saw: boolean) => {
        clearTimeout(timer)
        this.#listeners.delete(onName)
        resolve(saw)
      }
      const onName = (other: string) => {
        if (other === name) finish(true)
      }
      const timer = setTimeout(() => finish(false), EVENT_LAG_MS)
      this.#listeners.add(onName)
    })
  }

  close(): void {
    this.#stop.abort()
  }

  #listen(): void {
    const { command, owner, logger } = this.#options
    const filters = ['--filter', 'event=oom', '--filter', `label=${OWNER_LABEL}=${owner}`]
    const process = execa(
      command,
      ['events', ...filters, '--format', '{{.Actor.Attributes.name}}'],
      {
        reject: false,
        stdin: 'ignore',
        stderr: 'ignore',
        buffer: false,
        detached: true, // a Ctrl-C ends the runs first
        cancelSignal: this.#stop.signal,
        forceKillAfterDelay: 1000,
      },
    )
    const lines = process.iterable({ from: 'stdout' })
    void (async () => {
      try {
        for await (const name of lines) this.#record(String(name))
      } catch {} // it ended; why does not matter
      await process
      if (this.#stop.signal.aborted) return
      logger.debug({ retryMs: this.#retryMs }, 'docker events ended')
      setTimeout(() => this.#listen(), this.#retryMs).unref()
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
    })()
  }

  #record(name: string): void {
    this.#retryMs = FIRST_RETRY_MS
    this.#names.add(name)
    const [oldest] = this.#names
    if (this.#names.size > MAX_NAMES && oldest) this.#names.delete(oldest)
    for (const listener of this.#listeners) listener(name)
  }
}
