// Facts -> answer: which evidence counts where there is more than one piece, and what is measured.

import { describe, expect, it } from 'vitest'
import { classify, type Facts } from '../../../src/executor/classify.ts'
import { exited, facts, signalled } from './facts.ts'

const status = (given: Partial<Facts>) => classify(facts(given)).status
const OOM = 'A child process was killed by memory limit (128 MB)'

describe('the order of evidence', () => {
  it('puts what the host did first', () => {
    const exit = signalled(9, { cause: 'output_limit', oomKills: 1 })
    expect(status({ hostCause: 'timeout', exit, oomEvent: true })).toBe('timeout')
    const late = signalled(9, { cause: 'timeout', oomKills: 1 })
    expect(status({ hostCause: 'output_limit', exit: late, oomEvent: true })).toBe('output_limit')
  })

  it('puts what the runner did before what the kernel counted', () => {
    expect(status({ exit: signalled(9, { cause: 'timeout', oomKills: 1 }) })).toBe('timeout')
    expect(status({ exit: signalled(9, { cause: 'output_limit', oomKills: 1 }) })).toBe(
      'output_limit',
    )
  })

  it('calls a time-out a time-out even where the program ended by itself just then', () => {
    expect(status({ exit: exited(0, { cause: 'timeout' }) })).toBe('timeout')
  })

  it('puts the runner’s count before the engine’s word', () => {
    expect(status({ exit: signalled(9, { oomKills: 0 }), oomEvent: true })).toBe('killed')
  })

  it('takes the engine’s word where the runner could not count', () => {
    expect(status({ exit: signalled(9, { oomKills: null }), oomEvent: true })).toBe('oom')
  })

  it('does not blame the program’s own end on an older kill, and notes that', () => {
    const exit = signalled(9, { oomKills: 1, oomKillsAtEnd: 0 })
    expect(classify(facts({ exit }))).toMatchObject({
      status: 'killed',
      error: 'Killed by SIGKILL (A child process was killed by memory limit (128 MB))',
    })
  })

  it('takes nothing but a SIGKILL for a kill by memory', () => {
    expect(status({ exit: signalled(11, { oomKills: 1 }) })).toBe('killed')
    expect(status({ exit: signalled(15, { oomKills: 2 }) })).toBe('killed')
  })
})

describe('a kill that nobody explains', () => {
  it.each([
    ['of the program, with nothing counted', { exit: signalled(9) }],
    ['of the program, where nothing can be counted', { exit: signalled(9, { oomKills: null }) }],
    ['of the container, without a word of the engine', { exit: null }],
  ])('is a kill and no more: %s', (_, given) => {
    expect(classify(facts(given))).toMatchObject({
      status: 'killed',
      error: 'Killed by SIGKILL',
      exitCode: null,
      signal: 'SIGKILL',
    })
  })

  it('never shows as 137', () => {
    const ends: Partial<Facts>[] = [
      { exit: null },
      { exit: null, oomEvent: true },
      { exit: null, hostCause: 'timeout' },
      { exit: null, hostCause: 'output_limit' },
      { exit: signalled(9) },
      { exit: signalled(9, { oomKills: 1 }) },
      { exit: signalled(9, { cause: 'timeout' }) },
      { exit: signalled(9, { cause: 'output_limit' }) },
    ]
    for (const given of ends) expect(JSON.stringify(classify(facts(given)))).not.toContain('137')
  })
})

describe('a child killed for memory while the parent lived on', () => {
  it('is told although the program succeeded', () => {
    expect(classify(facts({ exit: exited(0, { oomKills: 1 }) }))).toMatchObject({
      status: 'ok',
      error: OOM,
      exitCode: 0,
      signal: null,
    })
  })

  it('is told beside the message of a program that failed', () => {
    const exit = exited(1, { oomKills: 2 })
    expect(classify(facts({ exit, message: 'BrokenProcessPool: x' }))).toMatchObject({
      status: 'error',
      error: `BrokenProcessPool: x (${OOM})`,
      exitCode: 1,
    })
  })

  it('is told beside an exit code', () => {
    expect(classify(facts({ exit: exited(3, { oomKills: 1 }) })).error).toBe(
      `Exited with code 3 (${OOM})`,
    )
  })

  it('is not made up where nothing can be counted', () => {
    expect(classify(facts({ exit: exited(0, { oomKills: null }) })).error).toBe('')
  })
})

describe('the measures', () => {
  it('are the runner’s, in whole milliseconds', () => {
    const exit = exited(0, { durationMs: 1.5, cpuMs: 0.4, peakMemoryBytes: 3 })
    expect(classify(facts({ exit, elapsedMs: 900 }))).toMatchObject({
      durationMs: 2,
      cpuMs: 0,
      peakMemoryBytes: 3,
    })
  })

  it('are the host’s clock and else 0 where the runner could not tell', () => {
    const given = { exit: null, hostCause: 'timeout', elapsedMs: 10_250.6 } as const
    expect(classify(facts(given))).toMatchObject({
      durationMs: 10_251,
      cpuMs: 0,
      peakMemoryBytes: 0,
      truncated: false,
    })
  })

  it('say that output was cut, whether runner or host cut it', () => {
    const truncated = (given: Partial<Facts>) => classify(facts(given)).truncated
    expect(truncated({ exit: exited(0) })).toBe(false)
    expect(truncated({ exit: exited(0, { truncated: true }) })).toBe(true)
    expect(truncated({ exit: null })).toBe(false)
    expect(truncated({ exit: null, hostCause: 'output_limit' })).toBe(true)
    expect(truncated({ exit: exited(0), hostCause: 'output_limit' })).toBe(true)
  })
})
