// Hands a job to a sandbox and collects the facts of the run until the first cause ends it.

import type { ContainerUsage } from '../engines/engine.ts'
import type { RunOptions, StreamName } from '../run/executor.ts'
import { cancelled } from '../run/refusal.ts'
import { onAbort } from '../waits/abortable.ts'
import { type Collected, Collection } from './collection.ts'
import { type ExitReport, type Frame, type Job, parseExitReport } from './protocol.ts'
import type { Sandbox } from './sandbox.ts'

/**
 * How long after a run's limit the host waits for the runner's report before it kills the container, in milliseconds:
 * longer than one CPU period (100), for which the kernel may pause a container that has used up its quota. The kill
 * takes about 100 more, and the answer may take 500.
 */
const WATCHDOG_GRACE_MS = 200

/** How long the runner may take to read its job and write the uploaded files, in milliseconds. */
const DELIVERY_TIMEOUT_MS = 10_000

/**
 * How long the runner may take to send files and displays after the program's end, in milliseconds: by default a few
 * megabytes, which take less than a tenth of a second.
 */
const COLLECT_TIMEOUT_MS = 5000

/** The facts of a run that is over. */
export interface Observation {
  /** Whether the runner accepted the job: from then on the program may have run. */
  started: boolean
  /** Why the runner could not start the program: an uploaded file that does not fit. */
  notStarted: string
  stdout: Buffer
  stderr: Buffer
  /** The error message that the program wrote. */
  message: string
  exit: ExitReport | null
  /** What the host counted, if there is no report. */
  usage: ContainerUsage
  collected: Collected
  /** Why the host ended the run; null if it did not. */
  hostCause: 'timeout' | 'output_limit' | null
  /** From the delivery to the end, in milliseconds. */
  elapsedMs: number
}

type End = 'exit' | 'gone' | 'not_started' | 'timeout' | 'output_limit' | 'cancelled'

/**
 * Runs one job in a ready sandbox. The program is dead when it resolves.
 * @throws {Refusal} `cancelled`; the caller must dispose of the sandbox.
 */
export async function observe(
  sandbox: Sandbox,
  job: Job,
  { signal, onEvent }: RunOptions,
): Promise<Observation> {
  const chunks: Record<StreamName, Buffer[]> = { stdout: [], stderr: [] }
  const seen = { started: false, notStarted: '', message: '', exit: null as ExitReport | null }
  const collection = new Collection(job.collectionLimits)
  let bytesLeft = job.outputLimitBytes
  const deliveredAtMs = performance.now()
  let release = () => {}

  const end = await new Promise<End>((settle) => {
    let isOver = false
    const resolve = (end: End) => {
      isOver = true
      settle(end)
    }
    const keep = (stream: StreamName, bytes: Buffer) => {
      const kept = bytes.subarray(0, bytesLeft)
      bytesLeft -= kept.length
      chunks[stream].push(kept)
      onEvent?.({ type: 'output', stream, bytes: kept })
      // The runner enforces this limit too; one that does not has been compromised.
      if (kept.length < bytes.length) resolve('output_limit')
    }
    const limit = (ms: number) =>
      setTimeout(() => afterWhatCame(() => seen.exit === null && resolve('timeout')), ms)
    let watchdog = limit(DELIVERY_TIMEOUT_MS)
    const onExit = (exit: ExitReport) => {
      seen.exit = exit
      clearTimeout(watchdog)
      if (!exit.collects) resolve('exit')
      else watchdog = setTimeout(() => resolve('exit'), COLLECT_TIMEOUT_MS)
    }
    const onFrame = (frame: Frame) => {
      const { kind, payload } = frame
      if (isOver) return // the first cause of the end wins
      if (seen.exit) {
        if (collection.add(frame)) resolve('exit')
      } else if (kind === 'S' && !seen.started) {
        seen.started = true
        clearTimeout(watchdog)
        watchdog = limit(job.request.timeoutSeconds * 1000 + WATCHDOG_GRACE_MS)
        onEvent?.({ type: 'started' })
      } else if (kind === 'O') keep('stdout', payload)
      else if (kind === 'E') keep('stderr', payload)
      else if (kind === 'M') seen.message = payload.toString()
      else if (kind === 'X') onExit(parseExitReport(payload))
      else if (kind === 'N') {
        seen.notStarted = payload.toString()
        resolve('not_started')
      }
    }
    const stopListening = onAbort(signal, () => resolve('cancelled'))
    release = () => {
      clearTimeout(watchdog)
      stopListening()
    }
    void sandbox.closed.then(() => resolve('gone'))
    if (signal.aborted) return resolve('cancelled')
    onEvent?.({ type: 'charged' })
    onEvent?.({ type: 'delivery' })
    sandbox.deliver(job, onFrame)
  })
  release()

  if (end === 'cancelled') throw cancelled(signal)
  const hostCause = end === 'timeout' || end === 'output_limit' ? end : null
  const usage = seen.exit ? {} : await sandbox.usage() // a killed container has no cgroup any more
  if (hostCause) await sandbox.kill()
  return {
    ...seen,
    usage,
    stdout: Buffer.concat(chunks.stdout),
    stderr: Buffer.concat(chunks.stderr),
    collected: collection.end(job.request.outputFiles),
    hostCause,
    elapsedMs: performance.now() - deliveredAtMs,
  }
}

/**
 * Calls `task` after reading the data that has already arrived: if the server was busy, a timer fires before the frames
 * that came in time.
 */
function afterWhatCame(task: () => void): void {
  setImmediate(() => setImmediate(task))
}
