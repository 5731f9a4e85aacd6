// A run log on a SQLite database of a test's own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { parseConfig } from '../../../src/config/config.ts'
import { openRunLog } from '../../../src/run-log/open.ts'
import type { RunLog } from '../../../src/run-log/run-log.ts'

export interface TestRunLog {
  runLog: RunLog
  /** Resolves when all records so far are written. */
  written: () => Promise<void>
  remove: () => Promise<void>
}

export async function testRunLog(settings: Record<string, string> = {}): Promise<TestRunLog> {
  const folder = mkdtempSync(join(tmpdir(), 'run-log-'))
  const url = settings.DATABASE_URL ?? `file:${join(folder, 'runs.db')}`
  const runLog = openRunLog(url, parseConfig(settings), pino({ level: 'silent' }))
  const written = async () => {
    while (runLog.counts.queued > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  if (url.startsWith('file:')) {
    while (!runLog.isReady) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const remove = async () => {
    await runLog.close(1000)
    rmSync(folder, { recursive: true })
  }
  return { runLog, written, remove }
}
