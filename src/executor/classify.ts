// Turns the facts of a run into its outcome; the only place that ranks the evidence.

import { constants } from 'node:os'
import type { ContainerUsage } from '../engines/engine.ts'
import { wholeText } from '../output/output-text.ts'
import type { Outcome } from '../run/outcome.ts'
import type { Collected } from './collection.ts'
import type { ExitReport } from './protocol.ts'

/** The facts known at the end of a run. */
export interface Facts {
  id: string
  stdout: Uint8Array
  stderr: Uint8Array
  /** The error message that the program wrote; untrusted, so used only if the program failed. */
  message: string
  /** The runner's report; null if the container ended before the runner could send it. */
  exit: ExitReport | null
  /** What the host counted, if there is no report. It includes the runner's own use. */
  usage: ContainerUsage
  collected: Collected
  /** Why the host ended the run; null if it did not. */
  hostCause: 'timeout' | 'output_limit' | null
  /** Whether the engine reported that the container ran out of memory. */
  oomEvent: boolean
  /** Time from the job's delivery to the end by the host's clock, in milliseconds. */
  elapsedMs: number
  timeoutSeconds: number
  limits: { memoryBytes: number; outputBytes: number }
}

type Verdict = Pick<Outcome, 'status' | 'error' | 'exitCode' | 'signal'>

const MEBIBYTE = 1024 * 1024
const SIGKILL = constants.signals.SIGKILL

/** The outcome of a run. Pure. */
export function classify(facts: Facts): Outcome {
  const { exit } = facts
  const { status, error, exitCode, signal } = verdict(facts)
  return {
    output: wholeText(facts.stdout).replace(/\n$/, ''),
    error,
    status,
    exitCode,
    signal,
    stderr: wholeText(facts.stderr),
    hint: '', // HintingExecutor knows the environments
    truncated: exit?.truncated || facts.hostCause === 'output_limit',
    durationMs: Math.round(exit?.durationMs ?? facts.elapsedMs),
    cpuMs: Math.round(exit?.cpuMs ?? facts.usage.cpuMs ?? 0),
    peakMemoryBytes: exit?.peakMemoryBytes ?? facts.usage.peakMemoryBytes ?? 0,
    ...facts.collected,
    id: facts.id,
  }
}

function verdict(facts: Facts): Verdict {
  const { exit } = facts
  const killed = { exitCode: null, signal: 'SIGKILL' }
  const cause = facts.hostCause ?? exit?.cause
  if (cause === 'timeout') {
    return { status: 'timeout', error: timeoutMessage(facts.timeoutSeconds), ...killed }
  }
  if (cause === 'output_limit') {
    return { status: 'output_limit', error: outputLimitMessage(facts), ...killed }
  }
  if (exit) return exitVerdict(facts, exit)
  // The runner sent no report. Without an OOM event from the engine, only the kill itself is certain.
  return facts.oomEvent
    ? { status: 'oom', error: oomMessage(facts), ...killed }
    : { status: 'killed', error: 'Killed by SIGKILL', ...killed }
}

/** The verdict on a program that exited or was ended by a signal. */
function exitVerdict(facts: Facts, exit: ExitReport): Verdict {
  // If the runner could not count OOM kills, the engine's event is the only evidence.
  const memoryKill = exit.oomKills === null ? facts.oomEvent : exit.oomKills > 0
  const memoryKillAtEnd = exit.oomKillsAtEnd === null ? facts.oomEvent : exit.oomKillsAtEnd > 0
  // The kernel killed a child process for memory and the program continued: report it even on success.
  const note = memoryKill ? `A child process was killed by memory limit (${memory(facts)})` : ''
  if (exit.signal !== null) {
    const signal = signalName(exit.signal)
    if (memoryKillAtEnd && exit.signal === SIGKILL) {
      return { status: 'oom', error: oomMessage(facts), exitCode: null, signal }
    }
    return {
      status: 'killed',
      error: withNote(`Killed by ${signal}`, note),
      exitCode: null,
      signal,
    }
  }
  const { exitCode } = exit
  if (exitCode === 0) return { status: 'ok', error: note, exitCode, signal: null }
  const message = facts.message || `Exited with code ${exitCode}`
  return { status: 'error', error: withNote(message, note), exitCode, signal: null }
}

function withNote(message: string, note: string): string {
  return note ? `${message} (${note})` : message
}

function timeoutMessage(seconds: number): string {
  return `Execution timed out after ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`
}

function outputLimitMessage({ limits }: Facts): string {
  return `Output limit of ${megabytes(limits.outputBytes)} exceeded`
}

function oomMessage(facts: Facts): string {
  return `Container killed by memory limit (${memory(facts)})`
}

function memory({ limits }: Facts): string {
  return megabytes(limits.memoryBytes)
}

/** `128 MB`, in units of 2^20 bytes, as Docker counts; in bytes if it is not a whole number of them. */
function megabytes(bytes: number): string {
  return bytes % MEBIBYTE === 0 ? `${bytes / MEBIBYTE} MB` : `${bytes} bytes`
}

function signalName(number: number): string {
  const entry = Object.entries(constants.signals).find(([, value]) => value === number)
  return entry?.[0] ?? `signal ${number}`
}
