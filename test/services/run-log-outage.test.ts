// The run log while Postgres is stopped and started again: no record is lost, none is there twice.

import { execa } from 'execa'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { openRunLog } from '../../src/run-log/open.ts'
import type { RunLog } from '../../src/run-log/run-log.ts'
import { eventually } from '../support/docker.ts'
import { postgresService, type Service } from '../support/services.ts'
import { runRecord } from '../unit/support/run-record.ts'

let postgres: Service
let log: RunLog
beforeAll(async () => {
  postgres = await postgresService()
  log = openRunLog(postgres.url, parseConfig({}), pino({ level: 'silent' }))
})
afterAll(async () => {
  await log.close(1000)
  await postgres.remove()
})

it.each(['SIGINT', 'SIGKILL'] as const)(
  'outlives a Postgres that ends by %s',
  async (signal) => {
    const before = log.counts.written
    let added = 0
    const add = () => {
      for (let n = 0; n < 20; n += 1) {
        log.add(runRecord({ id: `${signal}-${added}`, endedAtMs: Date.now() }))
        added += 1
      }
    }
    add()
    await eventually('the first are written', 10_000, () => log.counts.written === before + 20)
    add()
    await postgres.stop(signal)
    for (let n = 0; n < 5; n += 1) {
      add()
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    expect(log.counts.queued).toBeGreaterThan(0)
    await expect(log.store.find('x')).rejects.toThrow()
    await postgres.start()
    await eventually('all are written', 25_000, () => log.counts.queued === 0)
    expect(log.counts).toEqual({ queued: 0, written: before + added, dropped: 0 })
    const ids = new Set<string>()
    let cursor: string | null = null
    do {
      const page = await log.store.list({}, 100, cursor ?? undefined)
      for (const { id } of page.runs) if (id.startsWith(signal)) ids.add(id)
      cursor = page.nextCursor
    } while (cursor)
    expect(ids.size).toBe(added)
  },
  60_000,
)

it('does not hold the end up while Postgres hangs', async () => {
  const other = openRunLog(postgres.url, parseConfig({}), pino({ level: 'silent' }))
  other.add(runRecord({ id: 'before' }))
  await eventually('it is connected', 10_000, () => other.counts.written === 1)
  const pids = (await execa('pgrep', ['-P', String(postgres.pid())])).stdout.split('\n').map(Number)
  const all = [postgres.pid(), ...pids]
  for (const pid of all) process.kill(pid, 'SIGSTOP')
  try {
    other.add(runRecord({ id: 'late' }))
    const startMs = performance.now()
    await other.close(2000)
    expect(performance.now() - startMs).toBeLessThan(2500)
    expect(other.counts.dropped).toBe(1)
  } finally {
    for (const pid of all) process.kill(pid, 'SIGCONT')
  }
})
