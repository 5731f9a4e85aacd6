// Facts of a run, for the tests of what is made of them.

import type { Facts } from '../../../src/executor/classify.ts'
import type { ExitReport } from '../../../src/executor/protocol.ts'
import { NOTHING_COLLECTED } from '../../support/nothing-collected.ts'

const measures = {
  truncated: false,
  durationMs: 5.4,
  cpuMs: 4.6,
  peakMemoryBytes: 9_142_272,
  oomKills: 0,
  collects: false,
} as const

/** Where a count is given and no moment, it was the last one. */
const oomKillsAtEnd = ({ oomKills = 0 }: Measures) => oomKills

type Measures = Partial<Omit<ExitReport, 'exitCode' | 'signal'>>

/** The runner's report of a program that ended with an exit code. */
export function exited(exitCode: number, given: Measures = {}): ExitReport {
  return {
    cause: 'exit',
    exitCode,
    signal: null,
    ...measures,
    oomKillsAtEnd: oomKillsAtEnd(given),
    ...given,
  }
}

/** The runner's report of a program that a signal ended. */
export function signalled(signal: number, given: Measures = {}): ExitReport {
  return {
    cause: 'exit',
    exitCode: null,
    signal,
    ...measures,
    oomKillsAtEnd: oomKillsAtEnd(given),
    ...given,
  }
}

/** What is known of a run; what is not given is as after `print(2 + 2)`. */
export function facts(given: Partial<Facts> = {}): Facts {
  return {
    id: 'run-1',
    stdout: Buffer.from('4\n'),
    stderr: Buffer.alloc(0),
    message: '',
    exit: exited(0),
    usage: {},
    collected: NOTHING_COLLECTED,
    hostCause: null,
    oomEvent: false,
    elapsedMs: 7.6,
    timeoutSeconds: 10,
    limits: { memoryBytes: 134_217_728, outputBytes: 1_048_576 },
    ...given,
  }
}
