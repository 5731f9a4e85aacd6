// The run log in every database that it knows: one suite, on SQLite and on Postgres.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { migrate, openDatabase } from '../../src/run-log/database.ts'
import { type RunFilter, RunStore } from '../../src/run-log/run-store.ts'
import { loggedRunSchema, type RunLogDatabase, toRow } from '../../src/run-log/schema.ts'
import { postgresService, type Service } from '../support/services.ts'
import { type Given, runRecord } from '../unit/support/run-record.ts'

const MINUTE_MS = 60_000
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

describe.each(Object.entries(DATABASES))('%s', (_, url) => {
  let database: Kysely<RunLogDatabase>
  let store: RunStore
  beforeAll(async () => {
    database = await openDatabase(url())
    await migrate(database)
    store = new RunStore(database)
  })
  beforeEach(async () => {
    await database.deleteFrom('runs').execute()
  })
  afterAll(() => database.destroy())

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

  it.each(['', 'x', 'W10', '!!', 'WyJhIiwxXQ', 'bnVsbA'])(
    'refuses the cursor %j',
    async (cursor) => {
      await expect(store.list({}, 10, cursor)).rejects.toThrow(RangeError)
    },
  )

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
    expect(await store.stats({ sinceMs: at(0), untilMs: at(30) })).toEqual({
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
    const stats = await store.stats({ sinceMs: START_MS, untilMs: START_MS + 1 })
    expect(stats).toMatchObject({ runs: 0, durationMs: null, cpuMs: 0, buckets: [] })
  })

  it('draws no more than 60 bars or so, however long the time', async () => {
    for (const days of [1 / 24, 1, 30, 365, 20_000]) {
      const untilMs = START_MS + days * 86_400_000
      const { bucketMs } = await store.stats({ sinceMs: START_MS, untilMs })
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

  it('forgets many', async () => {
    for (let from = 0; from < 6000; from += 100) {
      await add(...Array.from({ length: 100 }, (_, n) => ({ id: `run-${from + n}` })))
    }
    expect(await store.forget({ beforeMs: 0, maxRuns: 10 })).toBe(5990)
    expect(await ids()).toHaveLength(10)
  }, 60_000)

  it('is brought up to date again and again, by two at once too', async () => {
    await add({ id: 'a' })
    const other = await openDatabase(url())
    try {
      await Promise.all([migrate(database), migrate(other)])
      expect(await new RunStore(other).find('a')).toMatchObject({ id: 'a' })
    } finally {
      await other.destroy()
    }
  })
})
