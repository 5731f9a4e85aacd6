// GET /environments.

import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { environmentLimits } from '../../../src/executor/environments.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { outcome, postRun, testApp } from '../support/app.ts'

const INSIDE = { python: '3.13.1', packages: { numpy: '2.2.0' } }
const answer = async () => outcome({ output: JSON.stringify({ ...INSIDE, modules: [] }) })
const settings = { ENVIRONMENTS: 'python,data' }

it('lists what programs may run in, the default first', async () => {
  const response = await testApp({ settings, answer }).app.request('/environments')
  expect(response.status).toBe(200)
  const config = parseConfig(settings)
  expect(await response.json()).toEqual({
    environments: config.environments.map((environment, index) => ({
      name: environment.name,
      description: environment.description,
      default: index === 0,
      ...INSIDE,
      limits: environmentLimits(config, environment),
    })),
  })
})

it('runs one program for each, however often it is asked', async () => {
  const { app, executor } = testApp({ settings, answer })
  for (let i = 0; i < 3; i += 1) await app.request('/environments')
  expect(executor.requests.map(({ environment }) => environment)).toEqual(['python', 'data'])
})

it('needs no key, and counts for nobody’s rate', async () => {
  const { app } = testApp({ settings: { RATE_LIMIT: '1/60' }, answer })
  for (let i = 0; i < 3; i += 1) expect((await app.request('/environments')).status).toBe(200)
  expect((await postRun(app)).status).toBe(200)
  const locked = testApp({ settings: { API_KEYS: 'one' }, answer })
  expect((await locked.app.request('/environments')).status).toBe(200)
})

it('says when to come back where an environment can not be asked now', async () => {
  const busy = new Refusal('busy', 'Full', { headers: { 'Retry-After': '2' } })
  const { app } = testApp({ answer: () => Promise.reject(busy) })
  const response = await app.request('/environments')
  expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '2'])
  expect(await response.json()).toMatchObject({ output: '', error: 'Full', code: 'busy' })
})

it('says nothing of the cause', async () => {
  const { app } = testApp({ answer: () => Promise.reject(new Error('/var/run/docker.sock')) })
  expect(await (await app.request('/environments')).text()).not.toContain('docker')
})
