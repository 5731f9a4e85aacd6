// Runs that wait for their turn: each takes that of the key, or the address, that asked for it.

import { pino } from 'pino'
import { expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import { DockerExecutor } from '../../../src/executor/docker.ts'
import { StartPace } from '../../../src/executor/start-pace.ts'
import type { ApiKey } from '../../../src/keys/api-key.ts'
import { ownRequest } from '../../../src/run/request.ts'
import { hearing } from '../../support/execution-events.ts'
import { enter, settle } from '../admission/gate-visitor.ts'
import { testKey } from '../support/app.ts'

const { signal } = new AbortController()
const request = ownRequest({ code: 'pass', environment: 'none', timeoutSeconds: 1 })

/** An executor without environments: a run ends as soon as it is let in. */
function executorBehind(gate: Gate): DockerExecutor {
  return new DockerExecutor({
    gate,
    environments: new Map(),
    problems: new Map(),
    pace: new StartPace(),
    outputLimitBytes: 1,
    collectionLimits: { maxFiles: 1, maxFileBytes: 1, maxTotalBytes: 1 },
    logger: pino({ level: 'silent' }),
  })
}

/** In which order runs are let in that came in this one while the only place was taken. */
async function order(asked: readonly (readonly [ApiKey | undefined, string] | 'own')[]) {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 100, maxWaitMs: 60_000 })
  const executor = executorBehind(gate)
  const first = enter(gate)
  const admitted: string[] = []
  for (const one of asked) {
    const isOwn = one === 'own'
    const origin = isOwn ? {} : { origin: { requestId: '', key: one[0], client: one[1] } }
    const name = isOwn ? one : (one[0]?.name ?? one[1])
    const hears = hearing('admitted', () => admitted.push(name))
    executor.run(request, { signal, ...hears, ...origin }).catch(() => {})
  }
  first.finish()
  await settle()
  return admitted
}

it('goes by the key, whatever the address', async () => {
  const [a, b] = [testKey('a'), testKey('b')]
  expect(
    await order([
      [a, '1'],
      [a, '2'],
      [a, '3'],
      [b, '1'],
    ]),
  ).toEqual(['a', 'b', 'a', 'a'])
})

it('goes by the address where there is no key', async () => {
  expect(
    await order([
      [undefined, '1'],
      [undefined, '1'],
      [undefined, '2'],
    ]),
  ).toEqual([...['1', '2', '1']])
})

it('goes by the weight of the key', async () => {
  const [a, b] = [testKey('a', { weight: 2 }), testKey('b')]
  const asked = [...Array(3).fill([b, '1']), ...Array(4).fill([a, '1'])]
  expect((await order(asked)).slice(0, 6).sort()).toEqual(['a', 'a', 'a', 'a', 'b', 'b'])
})

it('lets programs of our own go first', async () => {
  expect(await order([[undefined, '1'], [testKey('a'), '1'], 'own'])).toEqual(['own', '1', 'a'])
})
