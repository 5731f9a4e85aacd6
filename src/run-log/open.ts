// Config -> the run log.

import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { migrate, openDatabase } from './database.ts'
import { RunLog } from './run-log.ts'
import { RunStore } from './run-store.ts'

/** Opens it without waiting for the database, which may be away. */
export async function openRunLog(config: Config, logger: Logger) {
  const database = await openDatabase(config.DATABASE_URL)
  return new RunLog({
    store: new RunStore(database),
    migrate: () => migrate(database),
    closeStore: () => database.destroy(),
    salt: config.RUN_LOG_SALT || randomBytes(16).toString('hex'),
    keepsCode: config.RUN_LOG_CODE,
    maxDays: config.RUN_LOG_MAX_DAYS,
    maxRuns: config.RUN_LOG_MAX_RUNS,
    logger,
  })
}
