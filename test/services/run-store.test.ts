// The run log in every database that it knows: one suite, on SQLite and on Postgres.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  closeDatabases,
  MAX_READS,
  migrate,
  openDatabase,
  openDatabases,
  type RunDatabases,
} from '../../src/run-log/database.ts'
import type { RunFilter } from '../../src/run-log/query.ts'
import { BadCursor, forgettable, pageQuery, RunStore } from '../../src/run-log/run-store.ts'
import { loggedRunSchema, type RunLogDatabase, toRow } from '../../src/run-log/schema.ts'
import type { StatsFilter } from '../../src/run-log/stats.ts'
import { postgresService, type Service } from '../support/services.ts'
import { type Given, runRecord } from '../unit/support/run-record.ts'

const MINUTE_MS = 60_000
/** When the first of many ended. */
const FIRST_MS = 1_700_000_000_000
const START_MS = Date.parse('2026-01-31T12:00:00Z')

let folder: string
let postgres: Service
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runs-'))
  postgres = await postgresService()
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await postgres.remove()
})

const DATABASES = {
  SQLite: () => `file:${join(folder, 'deep', 'runs.db')}`,
  Postgres: () => postgres.url,
}

describe.each(Object.entries(DATABASES))('%s', (name, url) => {
  let databases: RunDatabases
  let store: RunStore
  beforeAll(async () => {
    databases = openDatabases(url())
    await migrate(databases.writer)
    store = new RunStore(databases)
  })
  beforeEach(async () => {
    await databases.writer.deleteFrom('runs').execute()
  })
  afterAll(() => closeDatabases(databases))

  const stats = (filter: StatsFilter) => store.stats(filter, new AbortController().signal)

  const add = (...given: Given[]) =>
    store.add(given.map((one) => toRow(runRecord(one), { salt: 's', keepsCode: true })))
  const ids = async (filter: RunFilter = {}) =>
    (await store.list(filter, 100)).runs.map(({ id }) => id)

  it('keeps every field of a run, the largest values too', async () => {
    const largest = {
      ...{ durationMs: 86_400_000, cpuMs: 2 ** 40, peakMemoryBytes: 2 ** 45, truncated: true },
      ...{ status: 'killed' as const, exitCode: null, signal: 'SIGSEGV' },
      ...{ error: 'Killed', output: 'ünï 🎉\0\n', stderr: 'x' },
    }
    await add({
      id: 'a',
      key: 'course',
      code: 'print("🎉")',
      outcome: largest,
      endedAtMs: START_MS,
    })
    const run = await store.find('a')
    expect(run).toEqual({
      ...{ id: 'a', endedAt: '2026-01-31T12:00:00.000Z', requestId: 'request-a', key: 'course' },
      clientHash: expect.stringMatching(/^[0-9a-f]{32}$/),
      ...{ environment: 'python', ...largest, output: 'ünï 🎉\uFFFD\n' },
      ...{ waitMs: 0, startMs: 2, answerMs: 12, codeBytes: 13, outputBytes: 13 },
      code: 'print("🎉")',
      ...{ codeSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(loggedRunSchema.parse(run)).toEqual(run)
  })

  it('knows nothing of a run that it does not have', async () => {
    expect(await store.find('a')).toBeUndefined()
    expect(await store.list({}, 10)).toEqual({ runs: [], nextCursor: null })
  })

  it.each(['\0', 'a\0b', '', 'ü', 'x'.repeat(65)])('knows no run with the id %j', async (id) => {
    expect(await store.find(id)).toBeUndefined()
  })

  it('takes a run twice as once', async () => {
    await add({ id: 'a' }, { id: 'b' })
    await add({ id: 'b', outcome: { status: 'oom' } }, { id: 'c' })
    expect((await ids()).sort()).toEqual(['a', 'b', 'c'])
    expect(await store.find('b')).toMatchObject({ status: 'ok' })
  })

  it('takes a hundred runs at once', async () => {
    await add(...Array.from({ length: 100 }, (_, index) => ({ id: `run-${index}` })))
    expect(await ids()).toHaveLength(100)
  })

  it('lists page by page, the newest first, each run once, those of one moment too', async () => {
    const all = Array.from({ length: 25 }, (_, n) => ({
      id: `run-${String(n).padStart(2, '0')}`,
      endedAtMs: START_MS + Math.floor(n / 4) * 1000,
    }))
    await add(...all)
    const seen: string[] = []
    let cursor: string | null = null
    let pages = 0
    do {
      const page = await store.list({}, 10, cursor ?? undefined)
      seen.push(...page.runs.map(({ id }) => id))
      cursor = page.nextCursor
      pages += 1
    } while (cursor)
    expect(pages).toBe(3)
    expect(seen).toEqual(all.map(({ id }) => id).reverse())
  })

  it('has no next page where a page just holds the last run', async () => {
    await add({ id: 'a' }, { id: 'b' })
    expect((await store.list({}, 2)).nextCursor).toBeNull()
    expect((await store.list({}, 1)).nextCursor).not.toBeNull()
  })

  it.each([
    ...['', 'x', 'W10', '!!', 'WyJhIiwxXQ', 'bnVsbA'],
    ...['\0', 'a\0', "' or 1", '', 'x'.repeat(65)].map((id) => cursorOf([1, id])),
    cursorOf([-1, 'a']),
    cursorOf([1.5, 'a']),
  ])('refuses the cursor %j', async (cursor) => {
    await expect(store.list({}, 10, cursor)).rejects.toThrow(BadCursor)
  })

  it('filters by each field, and by all at once', async () => {
    await add(
      { id: 'a', endedAtMs: START_MS, key: 'k', outcome: { status: 'oom' } },
      { id: 'b', endedAtMs: START_MS + 1, environment: 'data' },
      { id: 'c', endedAtMs: START_MS + 2, client: '198.51.100.1', code: 'x' },
    )
    const c = await store.find('c')
    expect(await ids({ status: 'oom' })).toEqual(['a'])
    expect(await ids({ environment: 'data' })).toEqual(['b'])
    expect(await ids({ key: 'k' })).toEqual(['a'])
    expect(await ids({ key: "k' or '1'='1" })).toEqual([])
    expect(await ids({ codeSha256: c?.codeSha256 })).toEqual(['c'])
    expect(await ids({ clientHash: c?.clientHash })).toEqual(['c'])
    expect(await ids({ sinceMs: START_MS + 1 })).toEqual(['c', 'b'])
    expect(await ids({ untilMs: START_MS + 1 })).toEqual(['a'])
    expect(await ids({ status: 'oom', key: 'k', environment: 'python' })).toEqual(['a'])
    expect(await ids({ status: 'oom', environment: 'data' })).toEqual([])
  })

  it('counts: by status, environment and key, over time', async () => {
    const at = (minutes: number) => START_MS + minutes * MINUTE_MS
    await add(
      { id: 'a', endedAtMs: at(0), key: 'k', outcome: { durationMs: 10, cpuMs: 5 } },
      { id: 'b', endedAtMs: at(0.9), outcome: { durationMs: 20, cpuMs: 5, status: 'oom' } },
      { id: 'c', endedAtMs: at(5), environment: 'data', outcome: { durationMs: 30, cpuMs: 5 } },
      { id: 'before', endedAtMs: at(0) - 1 },
      { id: 'after', endedAtMs: at(30) },
    )
    expect(await stats({ sinceMs: at(0), untilMs: at(30) })).toEqual({
      ...{ since: '2026-01-31T12:00:00.000Z', until: '2026-01-31T12:30:00.000Z', runs: 3 },
      ...{ byStatus: { ok: 2, oom: 1 }, byEnvironment: { python: 2, data: 1 } },
      ...{ byKey: { '': 2, k: 1 }, durationMs: { p50: 20, p95: 30, max: 30 }, cpuMs: 15 },
      bucketMs: MINUTE_MS,
      buckets: [
        { start: '2026-01-31T12:00:00.000Z', byStatus: { ok: 1, oom: 1 } },
        { start: '2026-01-31T12:05:00.000Z', byStatus: { ok: 1 } },
      ],
    })
  })

  it('counts nothing where there is nothing', async () => {
    expect(await stats({ sinceMs: START_MS, untilMs: START_MS + 1 })).toMatchObject({
      runs: 0,
      durationMs: null,
      cpuMs: 0,
      buckets: [],
    })
  })

  it('counts keys whatever their names are', async () => {
    const names = ['toString', 'constructor', '__proto__', 'hasOwnProperty']
    await add(
      ...names.flatMap((key) => [
        { id: `${key}-1`, key },
        { id: `${key}-2`, key },
      ]),
    )
    const { byKey } = await stats({ sinceMs: 0, untilMs: START_MS })
    expect(new Map(Object.entries(byKey))).toEqual(new Map(names.map((name) => [name, 2])))
  })

  it('names the hundred keys that have the most runs', async () => {
    await add(...Array.from({ length: 120 }, (_, n) => ({ id: `run-${n}`, key: `key-${n}` })), {
      id: 'again',
      key: 'key-119',
    })
    const { byKey, runs } = await stats({ sinceMs: 0, untilMs: START_MS })
    expect(runs).toBe(121)
    expect(Object.keys(byKey)).toHaveLength(100)
    expect(Object.entries(byKey)[0]).toEqual(['key-119', 2])
  })

  it('draws no more than 60 bars or so, however long the time', async () => {
    for (const days of [1 / 24, 1, 30, 365, 20_000]) {
      const untilMs = START_MS + days * 86_400_000
      const { bucketMs } = await stats({ sinceMs: START_MS, untilMs })
      expect((untilMs - START_MS) / bucketMs, `${days} days`).toBeLessThanOrEqual(60)
    }
  })

  it('forgets what is too old and what is too much, and no more', async () => {
    await add(
      ...[1, 2, 3, 4, 5, 6].map((n) => ({ id: `run-${n}`, endedAtMs: START_MS + Math.min(n, 5) })),
    )
    expect(await store.forget({ beforeMs: START_MS + 2, maxRuns: 100 })).toBe(1)
    expect(await ids()).toEqual(['run-6', 'run-5', 'run-4', 'run-3', 'run-2'])
    expect(await store.forget({ beforeMs: 0, maxRuns: 5 })).toBe(0)
    expect(await store.forget({ beforeMs: 0, maxRuns: 1 })).toBe(4)
    expect(await ids()).toEqual(['run-6'])
  })

  it('forgets by the number of runs where that asks for more than their age does', async () => {
    await add(...[1, 2, 3, 4].map((n) => ({ id: `run-${n}`, endedAtMs: START_MS + n })))
    expect(await store.forget({ beforeMs: START_MS + 2, maxRuns: 2 })).toBe(2)
    expect(await ids()).toEqual(['run-4', 'run-3'])
  })

  it('forgets many', async () => {
    for (let from = 0; from < 6000; from += 100) {
      await add(...Array.from({ length: 100 }, (_, n) => ({ id: `run-${from + n}` })))
    }
    expect(await store.forget({ beforeMs: 0, maxRuns: 10 })).toBe(5990)
    expect(await ids()).toHaveLength(10)
  }, 60_000)

  it('is brought up to date again and again, by two at once too', async () => {
    await add({ id: 'a' })
    const others = [openDatabases(url()), openDatabases(url())]
    try {
      await Promise.all(others.map(({ migration }) => migrate(migration)))
      expect(await store.find('a')).toMatchObject({ id: 'a' })
    } finally {
      await Promise.all(others.map(closeDatabases))
    }
  })

  it('writes records while all that read and count are held up', async () => {
    const { reader, counter } = databases
    const held = [reader, counter].flatMap((database) =>
      Array.from({ length: 8 }, () => hold(database)),
    )
    try {
      await Promise.race(held.map(({ taken }) => taken))
      const { ms } = await timed(add({ id: 'beside' }))
      expect(ms).toBeLessThan(2000)
    } finally {
      await Promise.all(held.map((one) => one.release()))
    }
    expect(await ids()).toEqual(['beside'])
  })

  it('refuses what would wait behind too many other reads, and who left does not wait', async () => {
    const narrow = new RunStore(databases, 2)
    const held = Array.from({ length: MAX_READS }, () => hold(databases.reader))
    const leaving = new AbortController()
    const reads = Array.from({ length: MAX_READS }, () => narrow.find('a'))
    try {
      const gone = narrow.list({}, 1, undefined, { signal: leaving.signal })
      const waiting = narrow.list({}, 1)
      for (const one of [() => narrow.list({}, 1), () => narrow.find('a')]) {
        await expect(one()).rejects.toMatchObject({
          ...{ code: 'busy', headers: { 'Retry-After': expect.any(String) } },
        })
      }
      leaving.abort()
      await expect(gone).rejects.toMatchObject({ code: 'cancelled' })
      reads.push(waiting.then(() => undefined))
    } finally {
      await Promise.all(held.map((one) => one.release()))
    }
    expect(await Promise.all(reads)).toEqual(reads.map(() => undefined))
  })

  describe('with 200,000 runs', () => {
    const ALL = { sinceMs: 0, untilMs: START_MS }
    beforeEach(() => addMany(databases, 200_000), 120_000)

    it('reads a page without reading the others, whatever is asked for', async () => {
      const asked: Record<string, [RunFilter, string?]> = {
        all: [{}],
        'a page far down': [{}, cursorOf([FIRST_MS + 1000 * 1000, 'run-1000'])],
        'a status that no run has': [{ status: 'killed' }],
        'an environment that no run has': [{ environment: 'data' }],
        'a key with few runs': [{ key: 'key-7' }],
        'its last ones': [{ key: 'key-7' }, cursorOf([FIRST_MS + 3000 * 1000, 'run-3000'])],
        'a program that no run had': [{ codeSha256: 'none' }],
        'a client that no run had': [{ clientHash: 'none' }],
        'a time long ago': [{ sinceMs: FIRST_MS, untilMs: FIRST_MS + 5000 }],
        'several fields': [{ key: 'key-7', status: 'ok', environment: 'python', clientHash: 'c' }],
      }
      // Postgres looks at its tables by itself, a minute or so after they changed.
      if (name === 'Postgres') await sql`analyze runs`.execute(databases.writer)
      for (const [what, [filter, cursor]] of Object.entries(asked)) {
        await expectFewReads(pageQuery(databases.reader, filter, 200, cursor), what)
      }
      const keepsAll = { endedAtMs: FIRST_MS, id: '' }
      await expectFewReads(forgettable(databases.writer, keepsAll), 'what is to be forgotten')
    })
    it('counts all of them, while a list is answered at once and records are written', async () => {
      const counted = timed(stats(ALL))
      const beside = await timed(Promise.all([store.list({}, 1), store.find('run-1')]))
      await add({ id: 'beside', endedAtMs: START_MS })
      const { result, ms } = await counted
      expect(result).toMatchObject({ runs: 200_000, byStatus: { ok: 180_000, oom: 20_000 } })
      expect(result.byEnvironment).toEqual({ python: 200_000 })
      expect(result.durationMs).toEqual({ p50: 500, p95: 950, max: 999 })
      expect(result.cpuMs).toBe(1_400_000)
      expect(beside.ms).toBeLessThan(1000)
      expect(ms).toBeLessThan(10_000)
    })

    it('counts one thing at a time, the same once, and refuses where too many ask', async () => {
      const narrow = new RunStore(databases, 1)
      const ask = (sinceMs: number, signal = new AbortController().signal) =>
        narrow.stats({ ...ALL, sinceMs }, signal)
      const leaving = new AbortController()
      const first = ask(0)
      const same = ask(0)
      const waiting = ask(1, leaving.signal)
      const gone = expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
      for (const sinceMs of [2, 3]) {
        await expect(ask(sinceMs)).rejects.toMatchObject({
          ...{ code: 'busy', headers: { 'Retry-After': '1' } },
        })
      }
      leaving.abort() // which frees its place in the line, also for who asks the same
      await gone
      const again = ask(1)
      expect(await same).toBe(await first)
      expect(await again).toMatchObject({ runs: 200_000 })
    })
  })
})

describe('Postgres', () => {
  it('gives up a query that takes too long, and goes on', async () => {
    const database = openDatabase(postgres.url, { queryTimeoutMs: 500 })
    try {
      const { result, ms } = await timed(
        sql`select pg_sleep(30)`.execute(database).catch((error) => error),
      )
      expect(result.message).toContain('statement timeout')
      expect(ms).toBeLessThan(5000)
      expect((await sql`select 1 as one`.execute(database)).rows).toEqual([{ one: 1 }])
    } finally {
      await database.destroy()
    }
  })

  it('lets reads take less long than statistics and writing', async () => {
    const databases = openDatabases(postgres.url)
    const timeoutOf = async (database: Kysely<RunLogDatabase>) =>
      (await sql<{ statementTimeout: string }>`show statement_timeout`.execute(database)).rows[0]
        ?.statementTimeout
    try {
      expect(await timeoutOf(databases.reader)).toBe('10s')
      expect(await timeoutOf(databases.counter)).toBe('30s')
      expect(await timeoutOf(databases.writer)).toBe('30s')
    } finally {
      await closeDatabases(databases)
    }
  })
})

describe('SQLite', () => {
  const open = (name: string) => openDatabase(`file:${join(folder, name)}`)

  it('lets nobody wait for ever for who has the connection', async () => {
    const database = open('held.db')
    const query = () => sql`select 1`.execute(database)
    try {
      let waiting: Promise<unknown> | undefined
      await database.connection().execute(async () => {
        waiting = timed(query().catch((error) => error))
        await waiting
      })
      const { result, ms } = (await waiting) as Timed<Error>
      expect(result).toBeInstanceOf(Error)
      expect(result.message).toBe('the database was busy with other queries for 5000 ms')
      expect(ms).toBeLessThan(7000)
      await query()
    } finally {
      await database.destroy()
    }
  })

  it('hands the connection on in the order in which it was asked for', async () => {
    const database = open('turns.db')
    const order: number[] = []
    try {
      await Promise.all(
        [1, 2, 3].map((n) =>
          database.connection().execute(async (connection) => {
            await sql`select 1`.execute(connection)
            order.push(n)
          }),
        ),
      )
      expect(order).toEqual([1, 2, 3])
    } finally {
      await database.destroy()
    }
  })

  it('gives up a query that takes too long, and goes on when that has ended', async () => {
    const url = `file:${join(folder, 'slow.db')}`
    const database = openDatabase(url, { queryTimeoutMs: 500 })
    const countTo = (limit: number) =>
      sql<{ last: number }>`
        with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${limit})
        select max(n) as last from numbers`.execute(database)
    try {
      const { result, ms } = await timed(countTo(10_000_000).catch((error) => error))
      expect(result.message).toBe('the database did not answer in 500 ms')
      expect(ms).toBeLessThan(2000)
      expect((await countTo(10)).rows).toEqual([{ last: 10 }])
    } finally {
      await database.destroy()
    }
  })

  it('says what is wrong with a file that is no database, and with a folder that is a file', async () => {
    writeFileSync(join(folder, 'garbage.db'), 'no database '.repeat(1000))
    for (const [name, why] of [
      ['garbage.db', /^the database can’t be opened: .*(not a database|NOTADB)/],
      ['garbage.db/runs.db', /^the database can’t be opened: (ENOTDIR|EEXIST)/],
    ] as const) {
      const database = open(name)
      try {
        const error = await migrate(database).catch((error) => error)
        expect(error).toBeInstanceOf(Error)
        expect(error.message).toMatch(why)
      } finally {
        await database.destroy()
      }
    }
  })

  it('can’t be written by who only reads, nor read before there are tables', async () => {
    const url = `file:${join(folder, 'reader.db')}`
    const databases = openDatabases(url)
    try {
      await expect(new RunStore(databases).list({}, 1)).rejects.toThrow('no such table')
      await migrate(databases.writer)
      expect((await new RunStore(databases).list({}, 1)).runs).toEqual([])
      await expect(databases.reader.deleteFrom('runs').execute()).rejects.toThrow('readonly')
    } finally {
      await closeDatabases(databases)
    }
  })
})

/** Takes one connection, and gives it back when told; without one in time it takes none. */
function hold(database: Kysely<RunLogDatabase>) {
  let onTaken = () => {}
  let onRelease = () => {}
  const taken = new Promise<void>((resolve) => {
    onTaken = resolve
  })
  const released = new Promise<void>((resolve) => {
    onRelease = resolve
  })
  const held = database
    .connection()
    .execute(async () => {
      onTaken()
      await released
    })
    .catch(() => {})
  return {
    taken,
    release: () => {
      onRelease()
      return held
    },
  }
}

/** Of 200,000 runs, which are some 4000 pages of Postgres. SQLite says only in which index it looks. */
async function expectFewReads(query: PageQuery, what: string) {
  if (query.compile().sql.includes('$1')) {
    const rows = await query.explain<Explained>('json', sql`analyze, buffers`)
    const [plan] = rows[0]?.['QUERY PLAN'] ?? []
    const pages = Number(plan?.Plan['Shared Hit Blocks']) + Number(plan?.Plan['Shared Read Blocks'])
    expect(pages, what).toBeLessThan(600)
  } else {
    const steps = await query.explain(undefined, sql`query plan`)
    const plan = steps.map(({ detail }) => detail)
    expect(plan, what).toEqual([
      expect.stringMatching(/^(SEARCH|SCAN) runs USING (COVERING )?INDEX /),
    ])
    if (what !== 'all') expect(plan[0], what).toMatch(/^SEARCH/)
  }
}

interface Explained {
  'QUERY PLAN': { Plan: Record<'Shared Hit Blocks' | 'Shared Read Blocks', number> }[]
}

type PageQuery = ReturnType<typeof pageQuery> | ReturnType<typeof forgettable>

function cursorOf(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

interface Timed<T> {
  result: T
  ms: number
}

async function timed<T>(promise: Promise<T>): Promise<Timed<T>> {
  const startMs = performance.now()
  return { result: await promise, ms: performance.now() - startMs }
}

/** Runs that end a second apart, made by the database itself: sent one by one they would take minutes. */
async function addMany({ writer }: RunDatabases, count: number) {
  const AT_ONCE = 50_000
  for (let from = 0; from < count; from += AT_ONCE) {
    const to = Math.min(from + AT_ONCE, count) - 1
    await sql`
      insert into runs (id, ended_at_ms, request_id, client_hash, environment, status, truncated, wait_ms, start_ms,
        duration_ms, answer_ms, cpu_ms, peak_memory_bytes, code_bytes, output_bytes, code_sha256, key)
      with recursive numbers(n) as (
        select ${sql.lit(from)} union all select n + 1 from numbers where n < ${sql.lit(to)}
      )
      select 'run-' || n, ${sql.lit(FIRST_MS)} + n * 1000, 'r', 'c', 'python',
        case when n % 10 = 0 then 'oom' else 'ok' end, 0, 0, 0, n % 1000, 0, 7, 0, 0, 0, 's', 'key-' || n % 500
      from numbers`.execute(writer)
  }
}
