// Writing the run log: behind the runs, bounded, and nothing is lost while the database is away for a while.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MAX_QUEUED, RunLog, type RunLogOptions } from '../../../src/run-log/run-log.ts'
import type { RunStore } from '../../../src/run-log/run-store.ts'
import type { RunRow } from '../../../src/run-log/schema.ts'
import { memoryLog } from '../support/app.ts'
import { runRecord } from '../support/run-record.ts'

/** A store in memory that fails as it is told. */
class TestStore {
  readonly rows = new Map<string, RunRow>()
  readonly batches: number[] = []
  fails: (rows: readonly RunRow[]) => boolean = () => false
  forgotten: unknown[] = []

  async add(rows: readonly RunRow[]): Promise<void> {
    this.batches.push(rows.length)
    if (this.fails(rows)) throw new Error('the database is away')
    for (const row of rows) this.rows.set(row.id, row)
  }

  async forget(what: unknown): Promise<number> {
    this.forgotten.push(what)
    return 0
  }
}

let store: TestStore
beforeEach(() => {
  vi.useFakeTimers()
  store = new TestStore()
})
afterEach(() => vi.useRealTimers())

function open(options: Partial<RunLogOptions> = {}) {
  const { logger, lines } = memoryLog()
  const log = new RunLog({
    ...{ store: store as unknown as RunStore, logger, salt: 's', keepsCode: false },
    ...{ maxDays: 30, maxRuns: 1000, migrate: async () => {}, closeStore: async () => {} },
    ...options,
  })
  const add = (from: number, count: number) => {
    for (let n = from; n < from + count; n += 1) log.add(runRecord({ id: `run-${n}` }))
  }
  return { log, lines, add }
}

describe('a record', () => {
  it('is written with others, in batches of a hundred', async () => {
    const { log, add } = open()
    add(0, 250)
    await vi.advanceTimersByTimeAsync(1000)
    expect(store.batches).toEqual([100, 100, 50])
    expect(log.counts).toEqual({ queued: 0, written: 250, dropped: 0 })
  })

  it('is written when the server ends', async () => {
    const { log, add } = open()
    await vi.advanceTimersByTimeAsync(1000)
    add(0, 3)
    await log.close(1000)
    expect(store.rows.size).toBe(3)
  })

  it('has no code, no output and no address', async () => {
    const { log } = open()
    const record = runRecord({
      id: 'a',
      code: 'secret-code',
      outcome: { output: 'secret-output', stderr: 'secret-errors', error: 'secret-error' },
    })
    log.add(record)
    await log.close(1000)
    const row = JSON.stringify(store.rows.get('a'))
    expect(row).not.toContain('secret')
    expect(row).not.toContain(record.origin.client)
    expect(store.rows.get('a')).toMatchObject({ codeBytes: 11, outputBytes: 26, code: null })
  })

  it('has them where the operator keeps them', async () => {
    const { log } = open({ keepsCode: true })
    log.add(
      runRecord({ id: 'a', code: 'the code', outcome: { output: 'the output', stderr: 'e' } }),
    )
    await log.close(1000)
    expect(store.rows.get('a')).toMatchObject({
      code: 'the code',
      output: 'the output',
      stderr: 'e',
    })
  })

  it('has one hash for one client and salt', async () => {
    const { log } = open()
    log.add(runRecord({ id: 'a' }))
    log.add(runRecord({ id: 'b' }))
    log.add(runRecord({ id: 'c', client: '198.51.100.1' }))
    await log.close(1000)
    const { log: other } = open({ salt: 'other' })
    other.add(runRecord({ id: 'd' }))
    await other.close(1000)
    const [a, b, c, d] = [...store.rows.values()].map(({ clientHash }) => clientHash)
    expect(a).toBe(b)
    expect(new Set([a, c, d]).size).toBe(3)
  })
})

describe('a database that is away', () => {
  it('gets everything when it is back, in order, and the log says so twice', async () => {
    const { log, lines, add } = open()
    await vi.advanceTimersByTimeAsync(1000)
    store.fails = () => true
    add(0, 150)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log.counts).toEqual({ queued: 150, written: 0, dropped: 0 })
    expect(store.batches.length).toBeLessThan(60)
    store.fails = () => false
    add(150, 1)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(log.counts).toEqual({ queued: 0, written: 151, dropped: 0 })
    expect([...store.rows.keys()][0]).toBe('run-0')
    const said = lines.map((line) => JSON.parse(line).msg)
    expect(said).toEqual(['the run log can’t be written', 'the run log is written again'])
  })

  it('when the server starts, gets its tables later', async () => {
    let isAway = true
    const migrate = vi.fn(async () => {
      if (isAway) throw new Error('away')
    })
    const { log, add } = open({ migrate })
    add(0, 1)
    await vi.advanceTimersByTimeAsync(5000)
    expect(log.counts.queued).toBe(1)
    isAway = false
    await vi.advanceTimersByTimeAsync(20_000)
    expect(log.counts).toEqual({ queued: 0, written: 1, dropped: 0 })
  })

  it('for too long loses the newest records, counted, and no memory', async () => {
    const { log, lines, add } = open()
    store.fails = () => true
    add(0, MAX_QUEUED + 25)
    expect(log.counts).toEqual({ queued: MAX_QUEUED, written: 0, dropped: 25 })
    expect(lines.filter((line) => line.includes('records are dropped'))).toHaveLength(1)
    await log.close(1000)
    expect(log.counts.dropped).toBe(MAX_QUEUED + 25)
  })

  it('can not hold more code than 64 MB', () => {
    const { log } = open({ keepsCode: true })
    store.fails = () => true
    const code = 'x'.repeat(1024 * 1024)
    for (let n = 0; n < 70; n += 1) log.add(runRecord({ id: `run-${n}`, code }))
    expect(log.counts).toMatchObject({ queued: 63, dropped: 7 })
  })

  it('does not hold the end of the server up', async () => {
    const { log, add } = open()
    await vi.advanceTimersByTimeAsync(1000)
    store.add = () => new Promise(() => {})
    add(0, 1)
    const closed = log.close(1000)
    await vi.advanceTimersByTimeAsync(1000)
    await closed
    expect(log.counts).toEqual({ queued: 0, written: 0, dropped: 1 })
  })
})

it('a record that the database does not take is dropped, and the others are not', async () => {
  const { log, add } = open()
  store.fails = (rows) => rows.some(({ id }) => id === 'run-5')
  add(0, 10)
  await vi.advanceTimersByTimeAsync(1000)
  expect(log.counts).toEqual({ queued: 0, written: 9, dropped: 1 })
})

it('old records are forgotten at the start and every ten minutes', async () => {
  vi.setSystemTime(1_000_000_000_000)
  const { log } = open()
  await vi.advanceTimersByTimeAsync(601_000)
  const beforeMs = expect.any(Number)
  expect(store.forgotten).toEqual([
    { beforeMs, maxRuns: 1000 },
    { beforeMs, maxRuns: 1000 },
  ])
  await log.close(1000)
  await vi.advanceTimersByTimeAsync(1_200_000)
  expect(store.forgotten).toHaveLength(2)
})
