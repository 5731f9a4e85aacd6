// Clients that hang up while their containers start: what they cost, and what they leave to others.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import type { ExecutionEvent } from '../../../src/run/executor.ts'
import { hearing } from '../../support/execution-events.ts'
import { fakeDocker } from './fake-docker.ts'

// Containers of the fake engine take half a second to start, each with a process of its own.
vi.setConfig({ testTimeout: 20_000 })

const { start, calls } = fakeDocker()
const origin = (client: string) => ({ requestId: '', key: undefined, client })

/** Runs one that hangs up after so many milliseconds, whatever becomes of it. */
async function dropped(run: ReturnType<typeof start>['run'], ms: number, client = 'flood') {
  await run({}, { signal: AbortSignal.timeout(ms), origin: origin(client) }).catch(() => {})
}

/** One that hangs up after so many milliseconds, before its program starts. */
async function hungUp(run: ReturnType<typeof start>['run'], ms: number, client = 'flood') {
  const charged = vi.fn()
  const signal = AbortSignal.timeout(ms)
  const ended = run({}, { signal, origin: origin(client), ...hearing('charged', charged) })
  await expect(ended).rejects.toMatchObject({ code: 'cancelled' })
  return charged
}

it('leaves its container to the next request', async () => {
  const { run, state } = start('starts-slowly')
  await hungUp(run, 300)
  expect(state().running).toBe(0)
  expect(await run()).toMatchObject({ output: 'hello' })
  expect(calls('run')).toHaveLength(1)
})

it('leaves it to one that waits for a place', async () => {
  const { run } = start('starts-slowly', { MAX_RUNNING: '1' })
  const first = hungUp(run, 300)
  const second = run()
  await first
  expect(await second).toMatchObject({ output: 'hello' })
  expect(calls('run')).toHaveLength(1)
})

it('leaves it to the pool, and no more than fit into that', async () => {
  const { run, state } = start('starts-slowly', { MAX_RUNNING: '6', POOL_SIZE: '2' })
  await vi.waitFor(() => expect(state().pools.python?.ready).toBe(2), { timeout: 5000 })
  // Each takes what waits, or starts one.
  await Promise.all([1, 2, 3, 4, 5].map((n) => dropped(run, 50, `client ${n}`)))
  await vi.waitFor(
    () => {
      const { containers, pools } = state()
      expect([containers, pools.python?.ready]).toEqual([
        { starting: 0, waiting: 2, running: 0, ending: 0 },
        2,
      ])
    },
    { timeout: 5000 },
  )
})

it('has one thrown away that nobody needs when it is ready, and counts it until it is gone', async () => {
  const { run, state } = start('starts-slowly', { POOL_SIZE: '0' })
  await hungUp(run, 300)
  expect(state().containers.starting).toBe(1)
  await vi.waitFor(
    () => {
      const { starting, waiting, running, ending } = state().containers
      expect(starting + waiting + running + ending).toBe(0)
    },
    { timeout: 5000 },
  )
  expect(calls('rm')).toEqual([])
})

it('is charged for a container that was started for it, and for no other', async () => {
  const { run } = start('starts-slowly', { MAX_RUNNING: '1' })
  const started = hungUp(run, 300)
  await sleep(50)
  const waited = await hungUp(run, 50)
  expect(await started).toHaveBeenCalled()
  expect(waited).not.toHaveBeenCalled()
  expect(await hungUp(run, 20)).not.toHaveBeenCalled() // it got the one that was starting
})

it('does not start more than there may be, however many come and go', async () => {
  const { run, state } = start('starts-slowly', { MAX_RUNNING: '2', POOL_SIZE: '1' })
  const { maxContainers } = state()
  expect(maxContainers).toBe(5)
  let most = 0
  const watch = setInterval(() => {
    const { starting, waiting, running, ending } = state().containers
    most = Math.max(most, starting + waiting + running + ending)
  }, 5)
  for (let n = 0; n < 40; n += 1) {
    void dropped(run, 60)
    await sleep(25)
  }
  clearInterval(watch)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(maxContainers)
  expect(calls('run').length).toBeLessThan(12)
})

it('does not take the last one that waits from a client that has run nothing lately', async () => {
  const { run, state } = start('starts-slowly', { MAX_RUNNING: '4', POOL_SIZE: '2' })
  await vi.waitFor(() => expect(state().pools.python?.ready).toBe(2), { timeout: 5000 })
  const flood = [1, 2, 3].map(() => run({}, { origin: origin('flood') }))
  await flood[0]
  expect(state().pools.python?.ready).toBe(1)
  const first = await Promise.race([
    run({}, { origin: origin('other') }).then(() => 'other'),
    ...flood.slice(1).map((ended) => ended.then(() => 'flood')),
  ])
  expect(first).toBe('other')
  await Promise.all(flood)
})

it('leaves half of the pool to others while a client often hangs up, and starts slowly for it', async () => {
  const { run, state } = start('starts-slowly', { MAX_RUNNING: '4', POOL_SIZE: '4' })
  await vi.waitFor(() => expect(state().pools.python?.ready).toBe(4), { timeout: 10_000 })
  const started = () => calls('run').length
  const before = started()
  const flood = setInterval(() => void dropped(run, 40), 20)
  await sleep(1000) // by now it has taken what it may
  for (let n = 0; n < 3; n += 1) {
    const half = () => expect(state().pools.python?.ready).toBeGreaterThanOrEqual(2)
    await vi.waitFor(half, { timeout: 10_000 })
    const charged = vi.fn()
    await run({}, { origin: origin('other'), ...hearing('charged', charged) })
    expect(charged, 'told once more where one was started for it').toHaveBeenCalledTimes(1)
  }
  clearInterval(flood)
  // Three for the other client and two for the first that were taken; else one start and three times as long a pause.
  expect(started() - before).toBeLessThan(10)
})

it('does not slow a client that hangs up now and then', async () => {
  const { run, state } = start('starts-slowly', { MAX_RUNNING: '4', POOL_SIZE: '4' })
  await vi.waitFor(() => expect(state().pools.python?.ready).toBe(4), { timeout: 10_000 })
  for (let n = 0; n < 2; n += 1) await dropped(run, 40)
  await vi.waitFor(() => expect(state().pools.python?.ready).toBe(4), { timeout: 5000 })
})

it('gives the last one to whoever comes where the pool has no more than one', async () => {
  const { run, state } = start('starts-slowly', { MAX_RUNNING: '1', POOL_SIZE: '1' })
  for (let n = 0; n < 3; n += 1) {
    await vi.waitFor(() => expect(state().pools.python?.ready).toBe(1), { timeout: 5000 })
    // Told once more where one is started for it: the next one that waits may be starting by the time it ends.
    const charged = vi.fn()
    await run({}, { origin: origin('only'), ...hearing('charged', charged) })
    expect(charged).toHaveBeenCalledTimes(1)
  }
})

it('knows of one that has left whether its program was handed to a container', async () => {
  const { run } = start('starts-slowly', { POOL_SIZE: '0' })
  const handed = vi.fn()
  const early = run({}, { signal: AbortSignal.timeout(300), ...hearing('delivery', handed) })
  await expect(early).rejects.toMatchObject({ code: 'cancelled' })
  expect(handed).not.toHaveBeenCalled()

  // It is stopped when it is handed over: nobody has heard then that the program has begun, and it may have.
  const stop = new AbortController()
  const started = vi.fn()
  const onEvent = ({ type }: ExecutionEvent) => {
    if (type === 'delivery') setImmediate(() => stop.abort())
    if (type === 'started') started()
  }
  const ended = run({}, { signal: stop.signal, onEvent })
  await expect(ended).rejects.toMatchObject({ code: 'cancelled' })
  expect(started).not.toHaveBeenCalled()
})
