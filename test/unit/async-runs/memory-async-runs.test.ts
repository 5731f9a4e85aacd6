// Asynchronous runs in memory: the suite of all of them, and what only these have: bounds of memory, the end of the server.

import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import {
  MemoryAsyncRuns,
  type MemoryAsyncRunsOptions,
} from '../../../src/async-runs/memory-async-runs.ts'
import type { Executor } from '../../../src/run/executor.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { pause } from '../../../src/waits/pause.ts'
import { forgotten, newRun, newRuns, reader, runIn } from '../../support/async-runs-harness.ts'
import { asyncRunsSuite } from '../../support/async-runs-suite.ts'
import { ControlledExecutor } from '../../support/controlled-executor.ts'
import { memoryLog } from '../support/app.ts'

const MEBIBYTE = 1024 * 1024

const gateFor = (maxRunning: number) => new Gate({ maxRunning, maxWaiting: 0, maxWaitMs: 60_000 })

/** Over an executor that has no gate: then no run is ever inside, and as many are on their way as the gate has places. */
function memoryRuns(executor: Executor, options: Partial<MemoryAsyncRunsOptions> = {}) {
  return new MemoryAsyncRuns({
    ...{ executor, logger: pino({ level: 'silent' }), gate: gateFor(1), maxQueued: 20 },
    ...{ maxQueuedMs: 60_000, resultTtlMs: 60_000, maxBytes: 64 * MEBIBYTE },
    ...options,
  })
}

describe('the suite', () => {
  asyncRunsSuite(async (executor, limits) => {
    const runs = memoryRuns(executor, {
      ...{ gate: gateFor(limits.maxRunning), maxQueued: limits.maxQueued },
      maxQueuedMs: limits.maxQueuedSeconds * 1000,
      resultTtlMs: limits.resultTtlSeconds * 1000,
      maxBytes: (2 * (limits.programMegabytes ?? 0) || limits.maxMegabytes) * MEBIBYTE,
    })
    return { runs, close: () => runs.close() }
  })
})

let executor: ControlledExecutor
let runs: MemoryAsyncRuns
function begin(options: Partial<MemoryAsyncRunsOptions> = {}): void {
  executor = new ControlledExecutor()
  runs = memoryRuns(executor, options)
}
afterEach(() => runs?.close())

/** Submits a run and lets it end with so much output. */
async function ended(outputBytes: number): Promise<string> {
  const run = newRun()
  await runs.submit([run])
  const control = await executor.nextStarted()
  control.finish({ output: 'x'.repeat(outputBytes) })
  await runIn(runs, run.id, 'finished')
  return run.id
}

describe('memory', () => {
  it('is bounded: the oldest results go first', async () => {
    begin({ maxBytes: 6 * MEBIBYTE })
    const ids = [await ended(MEBIBYTE), await ended(MEBIBYTE), await ended(MEBIBYTE)]
    const found = await Promise.all(ids.map((id) => runs.find(id)))
    expect(found.map((run) => run !== undefined)).toEqual([false, true, true])
    expect(runs.state.bytes).toBeLessThan(3 * MEBIBYTE)
  })

  it('keeps no result that takes more than there is for results', async () => {
    begin({ maxBytes: 2 * MEBIBYTE })
    const run = newRun()
    await runs.submit([run])
    const control = await executor.nextStarted()
    control.finish({ output: 'x'.repeat(2 * MEBIBYTE) })
    await forgotten(runs, run.id)
    expect(runs.state.bytes).toBe(0)
  })

  it('counts programs that wait: where they take all of it, no more are taken', async () => {
    begin({ maxBytes: 6 * MEBIBYTE })
    const old = await ended(MEBIBYTE)
    const code = `#${'x'.repeat(MEBIBYTE)}`
    await runs.submit([newRun({ code })])
    await runs.submit([newRun({ code })])
    expect(await runs.find(old)).toBeDefined()
    const refused = newRun({ code })
    await expect(runs.submit([refused])).rejects.toMatchObject({ code: 'busy' })
    await runs.submit([newRun()])
  })

  it('of a program is free when it has ended', async () => {
    begin()
    const run = newRun({ code: `#${'x'.repeat(MEBIBYTE)}` })
    await runs.submit([run])
    expect(runs.state.bytes).toBeGreaterThan(MEBIBYTE)
    const control = await executor.nextStarted()
    control.finish()
    await runIn(runs, run.id, 'finished')
    expect(runs.state.bytes).toBeLessThan(10_000)
  })

  it('counts what a program writes, and is all free when everything is forgotten', async () => {
    begin({ resultTtlMs: 100 })
    const run = newRun()
    await runs.submit([run])
    const control = await executor.nextStarted()
    control.write('stdout', 'x'.repeat(MEBIBYTE))
    control.finish()
    await runIn(runs, run.id, 'finished')
    expect(runs.state.bytes).toBeGreaterThan(MEBIBYTE)
    await expect
      .poll(() => runs.state, { timeout: 10_000 })
      .toEqual({ queued: 0, out: 0, bytes: 0 })
  })

  it('that is taken by a result ends its readers, and frees its idempotency key', async () => {
    begin({ maxBytes: 4 * MEBIBYTE })
    const idempotency = { key: 'k', digest: 'd' }
    const run = newRun()
    await runs.submit([run], idempotency)
    const first = await executor.nextStarted()
    first.finish({ output: 'x'.repeat(MEBIBYTE) })
    await runIn(runs, run.id, 'finished')
    await ended(MEBIBYTE)
    expect(await reader(runs, run.id).rest()).toEqual([])
    const again = newRun()
    expect(await runs.submit([again], idempotency)).toMatchObject([{ id: again.id }])
  })
})

describe('an executor that is unavailable', () => {
  it('is waited for: it may be back soon', async () => {
    begin()
    const run = newRun()
    await runs.submit([run])
    const control = await executor.next()
    control.fail(new Refusal('unavailable', 'no engine'))
    const again = await executor.nextStarted()
    again.finish()
    expect(await runIn(runs, run.id, 'finished')).toMatchObject({ attempts: 1 })
  })

  it('is not waited for for ever', async () => {
    const { logger, lines } = memoryLog()
    begin({ unavailablePatienceMs: 0, logger })
    const run = newRun()
    await runs.submit([run])
    const control = await executor.next()
    control.fail(new Refusal('unavailable', 'no engine', { cause: new Error('the cause') }))
    expect(await runIn(runs, run.id, 'failed')).toMatchObject({ refusal: { code: 'unavailable' } })
    expect(lines.join()).toContain('the cause')
  })
})

describe('Retry-After', () => {
  it('is as long as it really takes until there is room', async () => {
    begin({ maxQueued: 10 })
    const retryAfter = async (count: number) => {
      const refusal = await runs.submit(newRuns(count)).catch((error: unknown) => error)
      return Number((refusal as Refusal).headers['Retry-After'])
    }
    expect(await retryAfter(31)).toBe(20) // nothing was seen: a second each
    await runs.submit(newRuns(5))
    for (let n = 0; n < 4; n += 1) {
      const control = await executor.nextStarted()
      await pause(250)
      control.finish()
    }
    await executor.nextStarted()
    // At least a quarter of a second each, of 60 more; the guess still counts for a half.
    expect(await retryAfter(10 + 60)).toBeGreaterThanOrEqual(15)
    expect(await retryAfter(10 + 60)).toBeLessThan(60)
  })

  it('is no longer for a time in which nobody came', async () => {
    begin({ maxQueued: 1 })
    await ended(0)
    await pause(500)
    const refusal = await runs.submit(newRuns(12)).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ headers: { 'Retry-After': '10' } })
  })
})

describe('the end of the server', () => {
  it('lets what runs go on, and ends what waits', async () => {
    begin()
    const [first, second] = newRuns(2)
    if (!first || !second) throw new Error('there are two')
    await runs.submit([first, second])
    const control = await executor.nextStarted()
    runs.drain()
    expect(await runIn(runs, second.id, 'failed')).toMatchObject({
      refusal: { code: 'unavailable' },
    })
    await expect(runs.submit([newRun()])).rejects.toMatchObject({ code: 'unavailable' })
    control.finish()
    await runIn(runs, first.id, 'finished')
    expect(executor.given).toHaveLength(1)
  })

  it('stops at last what runs, and ends all readers', async () => {
    begin()
    const run = newRun()
    await runs.submit([run])
    const control = await executor.nextStarted()
    const events = reader(runs, run.id).rest()
    runs.close()
    expect(control.options.signal.aborted).toBe(true)
    expect((await events).at(-1)).toMatchObject({ type: 'end', data: { state: 'failed' } })
    expect(runs.state).toMatchObject({ queued: 0, bytes: 0 })
  })
})

it('tells once of each end, with what was asked for', async () => {
  const told: unknown[] = []
  begin({ onEnd: (asked, run) => told.push([asked.request.code, asked.webhook?.url, run.state]) })
  const webhook = { url: 'https://example.org/', secret: 's'.repeat(16) }
  const [first, second] = [newRun({ code: '1' }), newRun({ code: '2' })]
  await runs.submit([{ ...first, webhook }, second])
  const control = await executor.nextStarted()
  await runs.cancel(second.id)
  await runs.cancel(second.id)
  control.finish()
  await runIn(runs, first.id, 'finished')
  expect(told).toEqual([
    ['2', undefined, 'cancelled'],
    ['1', 'https://example.org/', 'finished'],
  ])
})

it('writes a line in the log for each end, and nothing of the program', async () => {
  const { logger, lines } = memoryLog()
  begin({ logger })
  const run = newRun({ code: 'print("secret")', key: { name: 'a' } })
  await runs.submit([run])
  const control = await executor.nextStarted()
  control.finish({ output: 'secret' })
  await runIn(runs, run.id, 'finished')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    ...{ requestId: 'request-1', key: 'a', run: run.id, state: 'finished', runStatus: 'ok' },
  })
  expect(lines.join()).not.toContain('secret')
})
