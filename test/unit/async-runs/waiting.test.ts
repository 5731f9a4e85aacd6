// Who may wait in the lines of one server: the suite of all of them, and the line before its containers.

import { pino } from 'pino'
import { expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import { inTurn } from '../../../src/admission/turn.ts'
import { memoryAsyncRuns } from '../../../src/async-runs/memory-async-runs.ts'
import { parseConfig } from '../../../src/config/config.ts'
import { watchExecutor } from '../../../src/executor/watched-executor.ts'
import type { Executor } from '../../../src/run/executor.ts'
import { pause } from '../../../src/waits/pause.ts'
import { newRun, newRuns, runIn } from '../../support/async-runs-harness.ts'
import { ControlledExecutor } from '../../support/controlled-executor.ts'
import { type WaitingLimits, waitingSuite } from '../../support/waiting-suite.ts'

waitingSuite(inProcess)

it('asynchronous runs that wait for a container take no place of synchronous ones', async ({
  onTestFinished,
}) => {
  const control = new ControlledExecutor()
  const limits = { maxRunning: 3, maxQueued: 2, maxWaitSeconds: 60, maxMegabytes: 64 }
  const { executor, runs, close } = await inProcess(control, limits)
  onTestFinished(close)
  const run = (client: string) => {
    const { id, request, origin } = newRun({ client })
    const end = executor.run(request, {
      id,
      signal: new AbortController().signal,
      origin,
    })
    return { id, end }
  }
  const first = ['x', 'y', 'z'].map(run)
  const running = [await control.next(), await control.next(), await control.next()]
  const later = newRuns(2, { client: 'a' })
  await runs.submit(later)
  // Both may wait, of their own client too, and come before what it wants to read later.
  const waiting = [run('a'), run('b')]
  await expect(run('c').end).rejects.toMatchObject({ code: 'busy' })
  for (const one of running) one.finish()
  const next = [await control.next(), await control.next(), await control.next()]
  const ids = next.map(({ options }) => options.id)
  expect(ids).toEqual(expect.arrayContaining(waiting.map(({ id }) => id)))
  for (const one of next) one.finish()
  ;(await control.next()).finish()
  await Promise.all([...first, ...waiting].map(({ end }) => end))
  for (const { id } of later) await runIn(runs, id, 'finished')
})

it('an asynchronous run that finds its place taken waits for the next one, and nobody else does', async ({
  onTestFinished,
}) => {
  const begun: string[] = []
  for (let microtasks = 0; microtasks < 16; microtasks += 1) {
    const control = new ControlledExecutor()
    const limits = { maxRunning: 1, maxQueued: 20, maxWaitSeconds: 60, maxMegabytes: 64 }
    const { executor, runs, close } = await inProcess(control, limits)
    onTestFinished(close)
    const synchronous = (name: string) => {
      const { request } = newRun()
      const origin = { requestId: '', key: undefined, client: name }
      return executor.run(request, { id: name, signal: new AbortController().signal, origin })
    }
    const ends = [synchronous('first')]
    const first = await control.next()
    await runs.submit([{ ...newRun(), id: 'later' }])
    first.finish()
    for (let n = 0; n < microtasks; n += 1) await null
    ends.push(synchronous('now'))
    const second = await control.next()
    await pause(1)
    expect(control.given).toHaveLength(2)
    second.finish()
    ;(await control.next()).finish()
    await Promise.all(ends)
    await runIn(runs, 'later', 'finished')
    begun.push(control.given.map(({ options }) => options.id).join(' '))
  }
  // Both orders, whichever comes sooner.
  expect(begun).toEqual(expect.arrayContaining(['first now later', 'first later now']))
})

async function inProcess(programs: Executor, limits: WaitingLimits) {
  const config = parseConfig({
    MAX_RUNNING: String(limits.maxRunning),
    MAX_QUEUED: String(limits.maxQueued),
    MAX_WAIT_SECONDS: String(limits.maxWaitSeconds),
    MAX_RESULTS_MB: String(limits.maxMegabytes),
  })
  const gate = new Gate({
    maxRunning: limits.maxRunning,
    maxWaiting: limits.maxQueued,
    maxWaitMs: limits.maxWaitSeconds * 1000,
  })
  const gated: Executor = {
    async run(request, options) {
      await null // as where the walls have to be found to hold before
      return inTurn(gate, options, () => programs.run(request, options))
    },
  }
  const { executor } = watchExecutor({ executor: gated, config, onRun: () => {} })
  const runs = memoryAsyncRuns(config, { executor, gate, logger: pino({ level: 'silent' }) })
  const isEmpty = () =>
    expect
      .poll(() => [gate.running, gate.waiting, runs.state.queued, runs.state.out])
      .toEqual([0, 0, 0, 0])
  return { executor, runs, isEmpty, close: () => runs.close() }
}
