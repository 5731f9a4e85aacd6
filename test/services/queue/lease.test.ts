// Leases on a real Redis: which runs a worker may go on with.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Leases } from '../../../src/queue/lease.ts'
import { resultBound, resultLimits } from '../../../src/queue/result-bound.ts'
import { redisService, type Service } from '../../support/services.ts'
import { asKey, program, startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

it('are of attempts: a run that comes again to the worker that lost it is held once more', async ({
  onTestFinished,
}) => {
  const cluster = startCluster(redis.url)
  const leases = new Leases(cluster.queue)
  onTestFinished(async () => {
    leases.close()
    await cluster.close()
  })
  const { queue, config } = cluster
  const id = randomUUID()
  const { asyncRuns } = cluster.server()
  await asyncRuns.submit([{ id, request: program('x'), origin: asKey('one') }])
  /** Starts it, and holds it until the function that comes back is called. */
  const hold = async (attempt: number) => {
    const somebody = { id: 'somebody', leaseMs: 10_000, bound: resultBound(resultLimits(config)) }
    const run = await queue.start({ id, attempt }, `token ${attempt}`, somebody)
    if (!run || run === 'full') throw new Error('it can’t be started')
    let end = () => {}
    let signal: AbortSignal | undefined
    const held = leases.hold({ run, takenAtMs: performance.now() }, async (lost) => {
      signal = lost
      await new Promise<void>((resolve) => {
        end = resolve
      })
    })
    const ended = async () => {
      end()
      await held
    }
    return { run, isLost: () => signal?.aborted, end: ended }
  }
  const first = await hold(0)
  await queue.handBack(first.run, 'python')
  const second = await hold(1)
  await expect.poll(first.isLost, { timeout: 5000 }).toBe(true)
  expect(second.isLost()).toBe(false)
  await first.end()
  leases.lose(id)
  expect(second.isLost()).toBe(true)
  await second.end()
})
