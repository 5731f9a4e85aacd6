// Kysely on a SQLite database in a thread of its own.

import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { SqliteConnection, type SqliteOptions } from './sqlite-connection.ts'

/** How long a query waits for its turn, in milliseconds: what is asked over HTTP must be answered. */
const TURN_TIMEOUT_MS = 5000

/** One connection to a database in a file. */
export function sqliteDialect(options: SqliteOptions): Dialect {
  return {
    createDriver: () => new SqliteDriver(options),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database as Kysely<unknown>),
  }
}

/** One connection, and one at a time who has it: transactions must not mix. */
class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection
  readonly #line = new Set<() => void>()
  #isTaken = false

  constructor(options: SqliteOptions) {
    this.#connection = new SqliteConnection(options)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isTaken) await this.#turn()
    else this.#isTaken = true
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    const [next] = this.#line
    if (next) next()
    else this.#isTaken = false
  }

  /** Resolves with the connection of one who is done, first come first served: it stays taken. */
  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer)
        this.#line.delete(enter)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#line.delete(enter)
        reject(new Error(`the database was busy with others for ${TURN_TIMEOUT_MS} ms`))
      }, TURN_TIMEOUT_MS)
      this.#line.add(enter)
    })
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
