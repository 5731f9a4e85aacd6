// What the log may have of the configuration: everything but secrets.

import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { maskedConfig } from '../../../src/server/logger.ts'

it('has all settings, and no secret', () => {
  const config = parseConfig({
    API_KEYS: 'secret-a,secret-b',
    RUN_LOG_SALT: 'secret-c',
    REDIS_URL: 'redis://user:secret-d@redis.example:6379/1',
    DATABASE_URL: 'postgres://user:secret-e@db.example/runs?password=secret-f',
  })
  const masked = maskedConfig(config)
  expect(Object.keys(masked)).toEqual(Object.keys(config))
  expect(JSON.stringify(masked)).not.toContain('secret')
  expect(masked).toMatchObject({
    API_KEYS: '***',
    RUN_LOG_SALT: '***',
    REDIS_URL: 'redis://user:***@redis.example:6379/1',
    DATABASE_URL: 'postgres://user:***@db.example/runs?***',
    PORT: 5000,
  })
})

it('says which of them are not set', () => {
  const masked = maskedConfig(parseConfig({}))
  expect(masked).toMatchObject({ API_KEYS: '', RUN_LOG_SALT: '', REDIS_URL: '' })
  expect(masked.DATABASE_URL).toBe('file:./data/runs.db')
})
