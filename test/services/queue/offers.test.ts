// Environments that only workers have: a server offers them, with the limits that the workers report.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { environmentsFolder } from '../../support/environments.ts'
import { startServer } from '../../support/server.ts'
import { redisService, type Service } from '../../support/services.ts'
import { startStub } from '../../support/stub-process.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

it('are offered from the first report on, and stay when their worker goes', async () => {
  const prefix = `test-${randomUUID().slice(0, 8)}`
  const queue = { REDIS_URL: redis.url, QUEUE_PREFIX: prefix }
  const server = await startServer({ ...queue, EXECUTOR: 'queue', MAX_WAIT_SECONDS: '2' })
  const post = async (fields: object) => {
    const response = await server.post({ code: 'x', environment: 'course', ...fields })
    const { error, output } = (await response.json()) as Record<string, string>
    return [response.status, error || output]
  }
  try {
    const unknown = [400, 'environment: must be one of python']
    expect(await post({})).toEqual(unknown)
    const worker = await startStub(redis.url, prefix, {
      STUB_ENVIRONMENTS: 'python,course',
      ENVIRONMENTS_DIR: environmentsFolder({ course: { maxTimeoutSeconds: 30 } }),
    })
    await expect.poll(() => post({ timeoutSeconds: 29 }), { timeout: 8000 }).toEqual([200, 'x'])
    expect(await post({ timeoutSeconds: 31 })).toEqual([
      400,
      'timeoutSeconds: must be above 0 and at most 30',
    ])
    expect(await post({ environment: 'python', timeoutSeconds: 29 })).toEqual([
      400,
      'timeoutSeconds: must be at most 10 in the environment python',
    ])
    expect(await (await fetch(`${server.url}/ui`)).text()).toContain('<option value="course"')
    await worker.kill('SIGTERM')
    await expect.poll(() => post({}), { timeout: 20_000 }).toEqual([503, expect.any(String)])
  } finally {
    await server.stop()
  }
}, 60_000)
