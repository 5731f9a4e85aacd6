// Trying the walls: the probe is sent like any other program, once for each environment.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { inspectWalls } from '../../../src/executor/inspect.ts'
import { containerSpec } from '../../../src/executor/spec.ts'
import { outcome, TestExecutor } from '../support/app.ts'
import { GOOD } from './inside.ts'

const MOUNTS = { READ_ONLY_MOUNTS: '/srv/data:/data' }
const spec = containerSpec(parseConfig(MOUNTS), 'test')
const { signal } = new AbortController()

describe('inspectWalls', () => {
  it('sends the limits along, and judges the answer', async () => {
    const executor = new TestExecutor()
    executor.answer = async () => outcome({ output: JSON.stringify({ ...GOOD, userId: 0 }) })
    const findings = await inspectWalls(executor, spec, signal)
    expect(findings.filter(({ holds }) => !holds).map(({ wall }) => wall)).toEqual(['user'])
    const sent = JSON.parse(executor.requests[0]?.args[0] ?? '')
    expect(sent).toMatchObject({ pids: 64, tmpBytes: 16_777_216, mounts: ['/data'] })
    expect(sent.isCheap).toBe(false)
  })

  it('asks for the cheap trials alone where that is said, and judges those', async () => {
    const { tmpBytes: _, tmpFiles: __, shmBytes: ___, openFiles: ____, ...cheap } = GOOD
    const executor = new TestExecutor()
    executor.answer = async () => outcome({ output: JSON.stringify(cheap) })
    const findings = await inspectWalls(executor, spec, signal, 'cheap')
    expect(findings.filter(({ holds }) => !holds)).toEqual([])
    expect(findings).toHaveLength(12)
    expect(JSON.parse(executor.requests[0]?.args[0] ?? '').isCheap).toBe(true)
  })

  it.each([
    ['a probe that failed', outcome({ status: 'oom', error: 'no memory', exitCode: null })],
    ['a probe that says something else', outcome({ output: '{}' })],
    ['a probe that says nothing', outcome({ output: '' })],
  ])('throws after %s', async (_, answer) => {
    const executor = new TestExecutor()
    executor.answer = async () => answer
    await expect(inspectWalls(executor, spec, signal)).rejects.toThrow()
  })
})
