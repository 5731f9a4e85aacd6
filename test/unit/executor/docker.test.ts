// A run from the outside: what is told while it goes on, and which environment it goes on in.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { hearing, noting } from '../../support/execution-events.ts'
import { fakeDocker } from './fake-docker.ts'

const { start, run, calls, close } = fakeDocker()

describe('a run', () => {
  it('tells of its start, and of each piece of output as it comes', async () => {
    const told: string[] = []
    const outcome = await run('good', {}, {}, noting(told))
    expect(told.slice(-3)).toEqual(['delivery', 'started', 'stdout hello\n'])
    expect(outcome.output).toBe('hello')
  })

  it('tells of no more output than its answer has', async () => {
    let bytesTold = 0
    const outcome = await run(
      'floods',
      { MAX_OUTPUT_BYTES: '100000' },
      {},
      hearing('output', ({ bytes }) => {
        bytesTold += bytes.length
      }),
    )
    expect(bytesTold).toBe(100_000)
    expect(outcome.output).toHaveLength(100_000)
  })

  it.each(['ends-waiting', 'cannot-write-files'])(
    'tells of no start where it never starts: %s',
    async (behaviour) => {
      let starts = 0
      const started = hearing('started', () => {
        starts += 1
      })
      await expect(run(behaviour, {}, {}, started)).rejects.toThrow()
      expect(starts).toBe(0)
    },
  )
})

describe('an environment', () => {
  const settings = { ENVIRONMENTS: 'python,data', DATA_BEHAVIOUR: 'out-of-memory' }

  it('is its own image with its own memory', async () => {
    const outcome = await run('good', settings, { environment: 'data' })
    expect(outcome.error).toBe('Container killed by memory limit (256 MB)')
    expect(calls('run')).toEqual([expect.stringContaining('--memory 268435456b')])
  })

  it('is the one that the request names', async () => {
    expect(await run('good', settings, { environment: 'python' })).toMatchObject({
      output: 'hello',
    })
    expect(calls('run')).toEqual([expect.stringContaining('--memory 134217728b')])
  })

  it('must be one of this server', async () => {
    await expect(run('good', {}, { environment: 'data' })).rejects.toThrow(
      'No program can run in the environment data',
    )
  })

  it('has its own containers that wait', async () => {
    const warm = { ...settings, DATA_POOL_SIZE: '2', DATA_BEHAVIOUR: 'good' }
    await run('no-engine', warm, { environment: 'data' })
    await close()
    expect(calls('run').length).toBeGreaterThanOrEqual(2)
    expect(calls('run').filter((line) => !line.includes('--memory 268435456b'))).toEqual([])
  })
})

it('tries one container at a time after failures in a row: other environments need the room', async () => {
  const settings = { POOL_SIZE: '3', MAX_RUNNING: '6' }
  const { state } = start('never-ready', settings, undefined, { startTimeoutMs: 50 })
  await vi.waitFor(() => expect(state().pools.python?.isOpen).toBe(true), { timeout: 10_000 })
  await vi.waitFor(() => expect(state().containers.starting).toBe(0), { timeout: 10_000 })
  let most = 0
  for (let turn = 0; turn < 300; turn += 1) {
    await sleep(10)
    most = Math.max(most, state().containers.starting)
  }
  expect(most).toBe(1)
}, 30_000)
