// @ts-check
// Runs the SQL of a SQLite database in a thread of its own: a slow disk or a long query holds nobody up. In JavaScript,
// because Node starts a thread from a file as it is, compiled or not.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'libsql'

/** How long a query waits for another connection that writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000

/** @param {import('./sqlite-dialect.ts').SqliteFile} file */
function open({ path, isReadOnly }) {
  // Here rather than in the thread of the server: a disk that hangs holds up this one alone.
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  const database = new Database(path)
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
  if (isReadOnly) {
    database.exec('pragma query_only = on')
    return database
  }
  // Who reads does not wait for who writes. The log outlives a crash of the server; in a crash of the machine it may
  // lose the last second.
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = normal')
  return database
}

/**
 * What went wrong, in words: the library's errors may be plain objects, or without a message.
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
    database.close()
    parentPort?.close() // which ends the thread
  })
  parentPort?.postMessage({ rows: [], changes: 0 }) // it is open
} catch (error) {
  // An error of another class reaches the other thread without its message.
  throw new Error(`the database can’t be opened: ${messageOf(error)}`)
}
