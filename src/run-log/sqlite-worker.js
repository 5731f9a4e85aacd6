// @ts-check
// Runs the SQL of a SQLite database in a thread of its own: a slow disk or a long query holds nobody up. In JavaScript,
// because Node starts a thread from a file as it is, compiled or not.

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'libsql'

/** How long a query waits for another process that writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000

const database = new Database(String(workerData))
database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
// The log outlives a crash of the server; in a crash of the machine it may lose the last second.
database.exec('pragma journal_mode = wal')
database.exec('pragma synchronous = normal')

/**
 * @param {import('./sqlite-dialect.ts').SqliteCall} call
 * @returns {import('./sqlite-dialect.ts').SqliteReply}
 */
function execute({ id, sql, parameters }) {
  try {
    const statement = database.prepare(sql)
    if (statement.reader) return { id, rows: statement.all(parameters), changes: 0 }
    return { id, rows: [], changes: statement.run(parameters).changes }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}

parentPort?.on('message', (call) => parentPort?.postMessage(execute(call)))
