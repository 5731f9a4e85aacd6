// A SQLite database that is closed at any moment: a thread that is terminated within a query would abort this process.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Kysely, sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { sqliteDialect } from '../../../src/run-log/sqlite-dialect.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A query that takes some milliseconds. */
const COUNT = sql<{
  n: number
}>`with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000)
  select max(n) as n from c`

it.each([0, 1, 2, 5, 10, 20, 30, 40, 60])('%s ms after its first query', async (delayMs) => {
  for (let round = 0; round < 4; round += 1) {
    const path = join(folder, 'runs.db')
    const database = new Kysely<unknown>({
      dialect: sqliteDialect({ path, isReadOnly: false, queryTimeoutMs: 5000 }),
    })
    const queries = Promise.allSettled(Array.from({ length: 3 }, () => COUNT.execute(database)))
    await pause(delayMs)
    await database.destroy()
    for (const end of await queries) {
      if (end.status === 'fulfilled') expect(end.value.rows).toEqual([{ n: 20_000 }])
      else expect(end.reason.message).toMatch(/closed|destroyed|thread of the database ended/)
    }
  }
})
