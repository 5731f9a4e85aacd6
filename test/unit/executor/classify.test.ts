// Facts -> answer: every row of the status table.

import { describe, expect, it } from 'vitest'
import { classify, type Facts } from '../../../src/executor/classify.ts'
import { outcomeSchema } from '../../../src/run/outcome.ts'
import { NOTHING_COLLECTED } from '../../support/nothing-collected.ts'
import { exited, facts, signalled } from './facts.ts'

/** How a run ended, in short. */
function end(given: Partial<Facts>): unknown[] {
  const { status, error, exitCode, signal } = classify(facts(given))
  return [status, error, exitCode, signal]
}

describe('the answer', () => {
  it('has these fields, the two that everybody reads first', () => {
    expect(JSON.stringify(classify(facts()))).toBe(
      '{"output":"4","error":"","status":"ok","exitCode":0,"signal":null,"stderr":"","hint":"",' +
        '"truncated":false,"durationMs":5,"cpuMs":5,"peakMemoryBytes":9142272,' +
        '"files":[],"filesOmitted":[],"filesOmittedCount":0,' +
        '"displays":[],"displaysOmittedCount":0,"id":"run-1"}',
    )
  })

  it('has what was collected, and nothing of it where nothing was', () => {
    const collected = {
      files: [{ path: 'a', size: 1, encoding: 'utf8' as const, content: 'x' }],
      filesOmitted: [{ path: 'b', reason: 'too_large' as const }],
      filesOmittedCount: 3,
      displays: [{ mime: 'text/plain' as const, data: 'y' }],
      displaysOmittedCount: 2,
    }
    for (const given of [{}, { exit: exited(1) }, { hostCause: 'timeout' as const }]) {
      const answer = classify(facts({ ...given, collected }))
      expect(answer).toMatchObject(collected)
      expect(() => outcomeSchema.parse(answer)).not.toThrow()
    }
    expect(classify(facts())).toMatchObject(NOTHING_COLLECTED)
  })

  it('is what the contract describes, however the run ended', () => {
    const ends: Partial<Facts>[] = [
      {},
      { exit: exited(1), message: 'x' },
      { exit: signalled(11) },
      { exit: null },
      { exit: null, oomEvent: true },
      { exit: null, hostCause: 'timeout' },
      { exit: null, hostCause: 'output_limit' },
    ]
    for (const given of ends)
      expect(() => outcomeSchema.parse(classify(facts(given)))).not.toThrow()
  })
})

describe('ok', () => {
  it('is exit code 0, with no error', () => {
    expect(end({ exit: exited(0) })).toEqual(['ok', '', 0, null])
  })

  it('stays ok with a warning on standard error', () => {
    expect(end({ stderr: Buffer.from('DeprecationWarning: x\n') })).toEqual(['ok', '', 0, null])
  })

  it('does not believe a message of a program that succeeded', () => {
    expect(end({ exit: exited(0), message: 'forged' })).toEqual(['ok', '', 0, null])
  })
})

describe('error', () => {
  it('has type and message of the exception', () => {
    const message = "NameError: name 'x' is not defined"
    expect(end({ exit: exited(1), message })).toEqual(['error', message, 1, null])
  })

  it('has the message of sys.exit', () => {
    expect(end({ exit: exited(1), message: 'no input' })).toEqual(['error', 'no input', 1, null])
  })

  it.each([1, 3, 255])('has the exit code %d where there is no message', (code) => {
    expect(end({ exit: exited(code) })).toEqual(['error', `Exited with code ${code}`, code, null])
  })

  it('is the program’s own 137, which no kill is', () => {
    expect(end({ exit: exited(137) })).toEqual(['error', 'Exited with code 137', 137, null])
  })
})

describe('timeout', () => {
  it.each([
    [10, 'Execution timed out after 10 seconds'],
    [1, 'Execution timed out after 1 second'],
    [0.5, 'Execution timed out after 0.5 seconds'],
    [1.5, 'Execution timed out after 1.5 seconds'],
    [2, 'Execution timed out after 2 seconds'],
  ])('of %d seconds names the limit that was asked for', (timeoutSeconds, error) => {
    const exit = signalled(9, { cause: 'timeout' })
    expect(end({ exit, timeoutSeconds })).toEqual(['timeout', error, null, 'SIGKILL'])
  })

  it('is the same when the host had to end it', () => {
    expect(end({ exit: null, hostCause: 'timeout', timeoutSeconds: 1 })).toEqual([
      'timeout',
      'Execution timed out after 1 second',
      null,
      'SIGKILL',
    ])
  })

  it('keeps what was printed', () => {
    const given = { exit: null, hostCause: 'timeout', stdout: Buffer.from('so far\n') } as const
    expect(classify(facts(given)).output).toBe('so far')
  })
})

describe('oom', () => {
  it('is a SIGKILL while the kernel counted a kill for memory', () => {
    expect(end({ exit: signalled(9, { oomKills: 1 }) })).toEqual([
      'oom',
      'Container killed by memory limit (128 MB)',
      null,
      'SIGKILL',
    ])
  })

  it('is the end of a whole container that the engine reports', () => {
    expect(end({ exit: null, oomEvent: true })).toEqual([
      'oom',
      'Container killed by memory limit (128 MB)',
      null,
      'SIGKILL',
    ])
  })

  it.each([
    [67_108_864, '64 MB'],
    [1_073_741_824, '1024 MB'],
    [100_000_000, '100000000 bytes'],
  ])('names the limit of %d bytes as %s', (memoryBytes, text) => {
    const limits = { memoryBytes, outputBytes: 1 }
    expect(end({ exit: null, oomEvent: true, limits })[1]).toBe(
      `Container killed by memory limit (${text})`,
    )
  })
})

describe('output_limit', () => {
  it.each([
    [1_048_576, 'Output limit of 1 MB exceeded'],
    [2_097_152, 'Output limit of 2 MB exceeded'],
    [1000, 'Output limit of 1000 bytes exceeded'],
  ])('of %d bytes names the limit', (outputBytes, error) => {
    const limits = { memoryBytes: 134_217_728, outputBytes }
    const exit = signalled(9, { cause: 'output_limit', truncated: true })
    expect(end({ exit, limits })).toEqual(['output_limit', error, null, 'SIGKILL'])
  })

  it('is the same when the host had to cut, and says that it was cut', () => {
    const given = { exit: null, hostCause: 'output_limit' } as const
    expect(end(given)).toEqual(['output_limit', 'Output limit of 1 MB exceeded', null, 'SIGKILL'])
    expect(classify(facts(given)).truncated).toBe(true)
  })
})

describe('killed', () => {
  it.each([
    [11, 'SIGSEGV'],
    [6, 'SIGABRT'],
    [15, 'SIGTERM'],
    [9, 'SIGKILL'],
    [31, 'SIGSYS'],
    [40, 'signal 40'],
  ])('by signal %d is told as %s', (number, name) => {
    expect(end({ exit: signalled(number) })).toEqual(['killed', `Killed by ${name}`, null, name])
  })
})
