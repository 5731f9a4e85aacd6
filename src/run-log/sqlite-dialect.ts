// Kysely on a SQLite database in a thread of its own.

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
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

/** How long a query may take in the end, in milliseconds: a disk that hangs must not hold its caller for ever. */
const QUERY_TIMEOUT_MS = 30_000

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

/** A database in the file at `path`, which is made where it is not there. */
export function sqliteDialect(path: string): Dialect {
  return {
    createDriver: () => new WorkerDriver(path),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database as Kysely<unknown>),
  }
}

/** One connection, and one at a time who has it: transactions must not mix. */
class WorkerDriver implements Driver {
  readonly #connection: WorkerConnection
  #turn: Promise<void> = Promise.resolve()
  #endTurn = () => {}

  constructor(path: string) {
    this.#connection = new WorkerConnection(path)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn
    let end = () => {}
    this.#turn = new Promise((resolve) => {
      end = resolve
    })
    await before
    this.#endTurn = end
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    this.#endTurn()
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {
    await this.#connection.close()
  }
}

interface Call {
  resolve: (result: QueryResult<never>) => void
  reject: (error: Error) => void
  timer: NodeJS.Timeout
}

class WorkerConnection implements DatabaseConnection {
  readonly #path: string
  readonly #calls = new Map<number, Call>()
  #worker: Promise<Worker> | undefined
  /** The one whose words count: others were ended. */
  #current: Worker | undefined
  #lastId = 0

  constructor(path: string) {
    this.#path = path
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    this.#worker ??= this.#start().catch((error) => {
      this.#worker = undefined
      throw error
    })
    const worker = await this.#worker
    this.#lastId += 1
    const call: SqliteCall = { id: this.#lastId, sql, parameters }
    return new Promise<QueryResult<R>>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#end(worker, new Error(`the database did not answer in ${QUERY_TIMEOUT_MS} ms`)),
        QUERY_TIMEOUT_MS,
      )
      this.#calls.set(call.id, { resolve, reject, timer })
      worker.postMessage(call)
    })
  }

  // biome-ignore lint/correctness/useYield: nothing streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('queries of the run log are not streamed')
  }

  async close(): Promise<void> {
    const worker = await this.#worker?.catch(() => undefined)
    if (worker) this.#end(worker, new Error('the database was closed'))
  }

  async #start(): Promise<Worker> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o750 })
    const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {
      workerData: this.#path,
    })
    this.#current = worker
    worker.unref()
    worker.on('message', ({ id, ...reply }: SqliteReply) => {
      const call = this.#calls.get(id)
      if (!call) return
      this.#calls.delete(id)
      clearTimeout(call.timer)
      if ('error' in reply) call.reject(new Error(reply.error))
      else call.resolve({ rows: reply.rows as never[], numAffectedRows: BigInt(reply.changes) })
    })
    worker.on('error', (error) => this.#end(worker, error as Error))
    worker.on('exit', () => this.#end(worker, new Error('the thread of the database ended')))
    return worker
  }

  /** The next query begins anew. */
  #end(worker: Worker, error: Error): void {
    if (worker !== this.#current) return
    this.#current = undefined
    this.#worker = undefined
    void worker.terminate()
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#calls.clear()
  }
}
