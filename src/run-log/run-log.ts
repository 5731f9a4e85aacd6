// Writes finished runs to the database behind their answers: never waits for it, never fails because of it.

import type { Logger } from 'pino'
import type { RunRecord } from '../run/record.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import type { RunStore } from './run-store.ts'
import { type RowOptions, type RunRow, toRow } from './schema.ts'

/** How long a record waits for others to be written with it, in milliseconds. */
const FLUSH_MS = 200
/** How many records are written at once. */
const MAX_BATCH = 100
/** Pauses after an attempt that failed, in milliseconds, doubling. */
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000
/** How often old runs are forgotten, in milliseconds. */
const FORGET_EVERY_MS = 10 * 60_000
const DAY_MS = 86_400_000

/** Most records that wait, and most bytes of code and output in them. */
export const MAX_QUEUED = 10_000
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024

export interface RunLogOptions extends RowOptions {
  store: RunStore
  /** Brings the tables up to date, before the first record is written. */
  migrate: () => Promise<void>
  /** Closes the database. */
  closeStore: () => Promise<void>
  /** How long runs are kept, in days, and how many. */
  maxDays: number
  maxRuns: number
  logger: Logger
}

export class RunLog {
  readonly store: RunStore
  readonly #options: RunLogOptions
  readonly #queue: { row: RunRow; bytes: number }[] = []
  #queuedBytes = 0
  #written = 0
  #dropped = 0
  #isReady = false
  /** The pause after the last attempt; 0 if it succeeded. */
  #retryMs = 0
  #timer: NodeJS.Timeout | undefined
  #forgetTimer: NodeJS.Timeout | undefined
  #flush: Promise<void> | undefined
  #isClosed = false

  constructor(options: RunLogOptions) {
    this.#options = options
    this.store = options.store
    this.#flushIn(0) // creates the tables before they are read
  }

  /** Whether the tables are up to date, so that they can be read. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Counts of all records so far. */
  get counts(): { queued: number; written: number; dropped: number } {
    return { queued: this.#queue.length, written: this.#written, dropped: this.#dropped }
  }

  /** Queues a record. If too many wait already, it is dropped and counted. */
  add(record: RunRecord): void {
    const row = toRow(record, this.#options)
    const texts = [row.code, row.output, row.stderr, row.error]
    const bytes = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
    const isFull = this.#queue.length >= MAX_QUEUED || this.#queuedBytes + bytes > MAX_QUEUED_BYTES
    if (this.#isClosed || isFull) {
      this.#drop(1)
      return
    }
    this.#queue.push({ row, bytes })
    this.#queuedBytes += bytes
    if (!this.#timer && !this.#flush) this.#flushIn(FLUSH_MS)
  }

  /** Writes the queued records within `timeoutMs` milliseconds; those not written by then are dropped and counted. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#forgetTimer)
    clearTimeout(this.#timer)
    const untilMs = performance.now() + timeoutMs
    await settlesWithin(this.#writeAll(), timeoutMs)
    clearTimeout(this.#timer)
    if (this.#queue.length > 0) this.#drop(this.#queue.splice(0).length)
    // The database may be down, hang, or be busy: an index over very many runs takes minutes.
    const closed = this.#options.closeStore().catch(() => {})
    await settlesWithin(closed, untilMs - performance.now())
  }

  async #writeAll(): Promise<void> {
    await this.#flush
    if (this.#queue.length > 0 && this.#retryMs === 0) await this.#write()
  }

  #flushIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#flush = this.#write().finally(() => {
        this.#flush = undefined
        if (!this.#isClosed && (this.#queue.length > 0 || !this.#isReady)) {
          this.#flushIn(this.#retryMs || FLUSH_MS)
        }
      })
    }, ms)
    this.#timer.unref() // `close` writes what waits
  }

  async #write(): Promise<void> {
    try {
      if (!this.#isReady) {
        await this.#options.migrate()
        this.#isReady = true
        if (!this.#isClosed) this.#forgetIn(0)
      }
      while (this.#queue.length > 0) {
        const batch = this.#queue.slice(0, MAX_BATCH)
        await this.#addAll(batch.map(({ row }) => row))
        this.#queue.splice(0, batch.length)
        this.#queuedBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0)
      }
      if (this.#retryMs > 0) this.#options.logger.info('the run log is written again')
      this.#retryMs = 0
    } catch (error) {
      const fields = { cause: (error as Error).message, queued: this.#queue.length }
      if (this.#retryMs === 0) this.#options.logger.error(fields, 'the run log can’t be written')
      this.#retryMs = Math.min(this.#retryMs * 2 || FIRST_RETRY_MS, LAST_RETRY_MS)
    }
  }

  /** If a batch is refused, its records are written one by one: a record that the database refuses must not block the others. */
  async #addAll(rows: RunRow[]): Promise<void> {
    try {
      await this.store.add(rows)
      this.#written += rows.length
    } catch (error) {
      let refused = 0
      for (const row of rows) {
        await this.store.add([row]).catch(() => {
          refused += 1
          // Then the database is at fault, not the records.
          if (refused === rows.length || refused > 3) throw error
        })
      }
      this.#written += rows.length - refused
      this.#drop(refused)
    }
  }

  #forgetIn(ms: number): void {
    this.#forgetTimer = setTimeout(async () => {
      try {
        const beforeMs = Date.now() - this.#options.maxDays * DAY_MS
        const count = await this.store.forget({ beforeMs, maxRuns: this.#options.maxRuns })
        if (count > 0)
          this.#options.logger.info({ count }, 'old runs were removed from the run log')
      } catch (error) {
        this.#options.logger.warn(
          { cause: (error as Error).message },
          'old runs could not be removed from the run log',
        )
      }
      if (!this.#isClosed) this.#forgetIn(FORGET_EVERY_MS)
    }, ms)
    this.#forgetTimer.unref()
  }

  #drop(count: number): void {
    if (count > 0 && this.#dropped === 0) {
      this.#options.logger.warn('the run log can’t keep up: records are dropped and counted')
    }
    this.#dropped += count
  }
}
