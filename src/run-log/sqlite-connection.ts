// A connection to a SQLite database in a thread of its own, which is ended when it does not answer.

import { Worker } from 'node:worker_threads'
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import { settlesWithin } from '../waits/settles-within.ts'

/** How long a database may take to be opened, in milliseconds. */
const OPEN_TIMEOUT_MS = 10_000
/** How long the end waits for a query that goes on, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000
/** The call that a thread answers unasked, as soon as it has opened its database. */
const OPENING = 0

/** What a thread opens. */
export interface SqliteFile {
  /** It is made where it is not there, and its folder too. */
  path: string
  /** Whether nothing may be written through this connection. */
  isReadOnly: boolean
}

export interface SqliteOptions extends SqliteFile {
  /** How long a query may take in the end, in milliseconds: a disk that hangs must not hold its caller for ever. */
  queryTimeoutMs: number
}

/** A query, and the number that its answer has. */
export interface SqliteCall {
  id: number
  sql: string
  parameters: readonly unknown[]
}

/** What became of a query. */
export type SqliteReply = { id: number } & (
  | { rows: unknown[]; changes: number }
  | { error: string }
)

interface Call {
  resolve: (result: QueryResult<never>) => void
  reject: (error: Error) => void
  timer: NodeJS.Timeout
}

/** Begins a thread with the first query, and a new one after a thread that was given up. */
export class SqliteConnection implements DatabaseConnection {
  readonly #options: SqliteOptions
  readonly #calls = new Map<number, Call>()
  #worker: Promise<Worker> | undefined
  /** The one whose words count: others were ended. */
  #current: Worker | undefined
  /** Resolves when those are gone. */
  #gone: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #lastId = OPENING

  constructor(options: SqliteOptions) {
    this.#options = options
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#isClosed) throw new Error('the database was closed')
    this.#worker ??= this.#open().catch((error) => {
      this.#worker = undefined
      throw error
    })
    const worker = await this.#worker
    this.#lastId += 1
    const call: SqliteCall = { id: this.#lastId, sql, parameters }
    const answer = this.#answer(worker, call.id, this.#options.queryTimeoutMs)
    worker.postMessage(call)
    return answer as Promise<QueryResult<R>>
  }

  // biome-ignore lint/correctness/useYield: nothing streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('queries of the run log are not streamed')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#current) this.#giveUp(this.#current, new Error('the database was closed'))
    await settlesWithin(this.#gone, CLOSE_TIMEOUT_MS).catch(() => {})
  }

  async #open(): Promise<Worker> {
    // A thread that hangs in a query or in the disk can't be stopped. Without waiting there would be more and more.
    if (!(await settlesWithin(this.#gone, OPEN_TIMEOUT_MS))) {
      throw new Error('the database is still busy with what took too long')
    }
    if (this.#isClosed) throw new Error('the database was closed')
    const { path, isReadOnly } = this.#options
    const file: SqliteFile = { path, isReadOnly }
    const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), { workerData: file })
    this.#current = worker
    worker.unref()
    worker.on('message', (message: SqliteReply | 'closed') => {
      if (message === 'closed' || worker !== this.#current) return
      const { id, ...reply } = message
      const call = this.#calls.get(id)
      if (!call) return
      this.#calls.delete(id)
      clearTimeout(call.timer)
      if ('error' in reply) call.reject(new Error(reply.error))
      else call.resolve({ rows: reply.rows as never[], numAffectedRows: BigInt(reply.changes) })
    })
    worker.on('error', (error) => this.#end(worker, asError(error)))
    worker.on('exit', () => this.#end(worker, new Error('the thread of the database ended')))
    await this.#answer(worker, OPENING, OPEN_TIMEOUT_MS)
    return worker
  }

  #answer(worker: Worker, id: number, timeoutMs: number): Promise<QueryResult<never>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#giveUp(worker, new Error(`the database did not answer in ${timeoutMs} ms`)),
        timeoutMs,
      )
      this.#calls.set(id, { resolve, reject, timer })
    })
  }

  /** For a thread that may be in the middle of a query. */
  #giveUp(worker: Worker, error: Error): void {
    if (worker === this.#current) this.#forget(closed(worker), error)
  }

  /** For a thread that is no more. */
  #end(worker: Worker, error: Error): void {
    if (worker === this.#current) this.#forget(worker.terminate(), error)
  }

  /** The next query begins anew. */
  #forget(gone: Promise<unknown>, error: Error): void {
    this.#current = undefined
    this.#worker = undefined
    this.#gone = gone
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#calls.clear()
  }
}

/**
 * Ends a thread as soon as its query has ended: to end one within a query aborts the whole process, since the library
 * does not expect it.
 */
function closed(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => {
    worker.on('message', (message: SqliteReply | 'closed') => {
      if (message === 'closed') resolve(worker.terminate())
    })
    worker.on('error', resolve)
    worker.on('exit', resolve)
    worker.postMessage('close')
  })
}

/** What a thread threw may be anything, and without a message nobody could tell what went wrong. */
function asError(error: unknown): Error {
  if (error instanceof Error && error.message) return error
  return new Error(`the thread of the database failed: ${JSON.stringify(error)}`)
}
