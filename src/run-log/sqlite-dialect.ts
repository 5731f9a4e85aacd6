// Kysely on a SQLite database in a thread of its own, which is replaced when it does not answer.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { settlesWithin } from '../waits/settles-within.ts'

/** How long a query waits for the connection, in milliseconds: an HTTP request must be answered. */
const TURN_TIMEOUT_MS = 5000
/** How long a database may take to be opened, in milliseconds. */
const OPEN_TIMEOUT_MS = 10_000
/** How long closing waits for an active query, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000

/** The database that a thread opens. */
export interface SqliteFile {
  /** The file and its folder are created if they do not exist. */
  path: string
  /** Whether nothing may be written through this connection. */
  isReadOnly: boolean
}

/** The result of a query. */
export type SqliteReply = { rows: unknown[]; changes: number } | { error: string; isClosed?: true }

interface SqliteOptions extends SqliteFile {
  /** How long a query may take, in milliseconds: a hanging disk must not block its caller forever. */
  queryTimeoutMs: number
}

/** One connection to a database in a file. */
export function sqliteDialect(options: SqliteOptions): Dialect {
  return {
    createDriver: () => new SqliteThread(options),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database as Kysely<unknown>),
  }
}

/** The only connection, used by one caller at a time. The first query starts a thread, and so does the first one after a timeout. */
class SqliteThread implements Driver, DatabaseConnection {
  readonly #options: SqliteOptions
  #worker: Worker | undefined
  /** Resolves when the last thread has ended. */
  #gone: Promise<void> = Promise.resolve()
  /** Resolves when every caller so far has released the connection. */
  #turn: Promise<void> = Promise.resolve()
  #endTurn = () => {}
  #isClosed = false

  constructor(options: SqliteOptions) {
    this.#options = options
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn
    let endTurn = () => {}
    this.#turn = new Promise((resolve) => {
      endTurn = resolve
    })
    if (!(await settlesWithin(before, TURN_TIMEOUT_MS))) {
      void before.then(endTurn)
      throw new Error(`the database was busy with other queries for ${TURN_TIMEOUT_MS} ms`)
    }
    this.#endTurn = endTurn
    return this
  }

  async releaseConnection(): Promise<void> {
    this.#endTurn()
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const worker = this.#worker ?? (await this.#open())
    worker.postMessage({ sql, parameters })
    const reply = await this.#reply(worker, this.#options.queryTimeoutMs)
    if ('error' in reply) throw new Error(reply.error)
    return { rows: reply.rows as R[], numAffectedRows: BigInt(reply.changes) }
  }

  streamQuery(): never {
    throw new Error('queries of the run log are not streamed')
  }

  async beginTransaction(): Promise<void> {
    await this.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(): Promise<void> {
    await this.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(): Promise<void> {
    await this.executeQuery(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {
    this.#isClosed = true
    this.#giveUp()
    await settlesWithin(this.#gone, CLOSE_TIMEOUT_MS)
  }

  async #open(): Promise<Worker> {
    // A thread that hangs in a query or on the disk can't be stopped. Without this wait, more and more would pile up.
    if (!(await settlesWithin(this.#gone, OPEN_TIMEOUT_MS))) {
      throw new Error('the database is still busy with a query that took too long')
    }
    if (this.#isClosed) throw new Error('the database was closed')
    const { path, isReadOnly } = this.#options
    const workerData: SqliteFile = { path, isReadOnly }
    const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), { workerData })
    worker.unref()
    worker.on('message', ({ isClosed }) => isClosed && worker.terminate())
    worker.on('error', () => {}) // a caller that waits for an answer gets it from `once`
    this.#gone = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#worker = undefined
        worker.emit('error', new Error('the thread of the database ended'))
        resolve()
      })
    })
    this.#worker = worker
    await this.#reply(worker, OPEN_TIMEOUT_MS) // sent when the database is open
    // A query for a thread that closes would be terminated half-way, and the library aborts the process then.
    if (worker !== this.#worker) throw new Error('the database was closed')
    return worker
  }

  /** The next answer of a thread. */
  async #reply(worker: Worker, timeoutMs: number): Promise<SqliteReply> {
    const signal = AbortSignal.timeout(timeoutMs)
    const [reply] = await once(worker, 'message', { signal }).catch((error) => {
      this.#giveUp()
      throw signal.aborted ? new Error(`the database did not answer in ${timeoutMs} ms`) : error
    })
    return reply
  }

  /** The thread ends as soon as its query has ended. Terminating it during a query would abort the process. */
  #giveUp(): void {
    this.#worker?.postMessage('close')
    this.#worker = undefined
  }
}
