// The runner's exit report: what is believed of it.

import { describe, expect, it } from 'vitest'
import { parseExitReport } from '../../../src/executor/protocol.ts'

const report = {
  cause: 'exit',
  exitCode: 0,
  signal: null,
  truncated: false,
  durationMs: 5.25,
  cpuMs: 4.125,
  peakMemoryBytes: 9_142_272,
  oomKills: 0,
  oomKillsAtEnd: 0,
  collects: false,
}

/** Whether a report with these fields is believed. */
function believed(fields: Record<string, unknown>): boolean {
  try {
    parseExitReport(Buffer.from(JSON.stringify({ ...report, ...fields })))
    return true
  } catch {
    return false
  }
}

describe('an exit report', () => {
  it('is read as the runner wrote it', () => {
    const payload =
      '{"cause":"exit","exitCode":3,"signal":null,"truncated":false,' +
      '"durationMs":5.250,"cpuMs":4.125,"peakMemoryBytes":9142272,"oomKills":0,"oomKillsAtEnd":0,"collects":false}'
    expect(parseExitReport(Buffer.from(payload))).toStrictEqual({ ...report, exitCode: 3 })
  })

  it.each([
    { exitCode: 0 },
    { exitCode: 255 },
    { exitCode: null, signal: 1 },
    { exitCode: null, signal: 64 },
    { exitCode: null, signal: 9, cause: 'timeout' },
    { exitCode: null, signal: 9, cause: 'output_limit', truncated: true },
    { oomKills: null },
    { oomKills: 7 },
    { collects: true },
    { exitCode: null, signal: 9, cause: 'timeout', collects: true },
    { durationMs: 0, cpuMs: 0, peakMemoryBytes: 0 },
  ])('may say %j', (fields) => {
    expect(believed(fields)).toBe(true)
  })

  it.each([
    ['an exit code and a signal', { exitCode: 0, signal: 9 }],
    ['neither', { exitCode: null, signal: null }],
    ['an exit code below 0', { exitCode: -1 }],
    ['an exit code over 255', { exitCode: 256 }],
    ['half an exit code', { exitCode: 0.5 }],
    ['an exit code as text', { exitCode: '0' }],
    ['signal 0', { exitCode: null, signal: 0 }],
    ['signal 65', { exitCode: null, signal: 65 }],
    ['a signal as text', { exitCode: null, signal: 'SIGKILL' }],
    ['another cause', { cause: 'oom' }],
    ['no cause', { cause: null }],
    ['a truncation that is no boolean', { truncated: 0 }],
    ['a negative time', { durationMs: -1 }],
    ['a time as text', { durationMs: '5' }],
    ['a negative CPU time', { cpuMs: -0.1 }],
    ['a negative memory', { peakMemoryBytes: -1 }],
    ['half a byte', { peakMemoryBytes: 0.5 }],
    ['a negative count', { oomKills: -1 }],
    ['half a count', { oomKills: 0.5 }],
    ['a collection that is no boolean', { collects: 1 }],
    ['a collection as text', { collects: 'true' }],
    ['something that is not in the contract', { output: 'forged' }],
    ['the name of a prototype', JSON.parse('{"__proto__":{"status":"ok"}}')],
  ])('must not say %s', (_, fields) => {
    expect(believed(fields)).toBe(false)
  })

  it.each(Object.keys(report))('must not be silent on %s', (field) => {
    expect(believed({ [field]: undefined })).toBe(false)
  })

  it.each([
    ['nothing', ''],
    ['text', 'exit 0'],
    ['null', 'null'],
    ['an array', '[]'],
    ['a number', '0'],
    ['half of one', JSON.stringify(report).slice(0, -1)],
    ['two', JSON.stringify(report).repeat(2)],
    ['an infinite time', JSON.stringify(report).replace('5.25', '1e999')],
    ['no number', JSON.stringify(report).replace('5.25', 'NaN')],
  ])('must not be %s', (_, payload) => {
    expect(() => parseExitReport(Buffer.from(payload))).toThrow()
  })

  it('must not be bytes that are no text', () => {
    expect(() => parseExitReport(Uint8Array.of(0xff, 0xfe, 0x00))).toThrow()
  })
})
