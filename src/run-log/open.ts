// Config -> the run log.

import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { closeDatabases, migrate, openDatabases } from './database.ts'
import { RunLog } from './run-log.ts'
import { RunStore } from './run-store.ts'

/** Opens it without waiting for the database at `url`, which may be away. */
export function openRunLog(url: string, config: Config, logger: Logger): RunLog {
  const databases = openDatabases(url)
  return new RunLog({
    store: new RunStore(databases),
    migrate: async () => {
      await migrate(databases.migration)
      await databases.migration.destroy() // `migrate` is not called again after it succeeded
    },
    closeStore: () => closeDatabases(databases),
    salt: config.RUN_LOG_SALT || randomBytes(16).toString('hex'),
    keepsCode: config.RUN_LOG_CODE,
    ...config.RUN_LOG_KEEP,
    logger,
  })
}
