// @ts-check
// Runs the SQL of a SQLite database in a separate thread: a slow disk or a long query blocks no other work. In JavaScript,
// because Node starts a thread from a file as it is, compiled or not.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'libsql'

/** How long a query waits while another connection writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000

/** @param {import('./sqlite-dialect.ts').SqliteFile} file */
function open({ path, isReadOnly }) {
  // Here rather than in the server's thread: a hanging disk blocks only this thread.
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  const database = new Database(path)
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
  if (isReadOnly) {
    database.exec('pragma query_only = on')
    return database
  }
  // Readers do not wait for writers. The log survives a crash of the server; a crash of the machine may lose the last
  // second.
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = normal')
  return database
}

/**
 * The message of an error: the library's errors may be plain objects, or have no message.
 * @param {any} error
 */
function messageOf(error) {
  return String(error?.message || error?.code || error)
}

/**
 * @param {InstanceType<typeof Database>} database
 * @param {{ sql: string, parameters: unknown[] }} query
 * @returns {import('./sqlite-dialect.ts').SqliteReply}
 */
function execute(database, { sql, parameters }) {
  try {
    const statement = database.prepare(sql)
    if (statement.reader) return { rows: statement.all(parameters), changes: 0 }
    return { rows: [], changes: statement.run(parameters).changes }
  } catch (error) {
    return { error: messageOf(error) }
  }
}

try {
  const database = open(workerData)
  parentPort?.on('message', (query) => {
    if (query !== 'close') return parentPort?.postMessage(execute(database, query))
    parentPort?.removeAllListeners('message') // see `#open` in sqlite-dialect.ts
    database.close()
    parentPort?.postMessage({ error: 'the database was closed', isClosed: true })
  })
  parentPort?.postMessage({ rows: [], changes: 0 }) // the database is open
} catch (error) {
  // Errors of other classes reach the other thread without their message.
  throw new Error(`the database can’t be opened: ${messageOf(error)}`)
}
