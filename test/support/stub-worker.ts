// A process with workers whose hosts are simulated: a program takes a time and no CPU, and answers with what it was sent.
// STUB_WORKERS of them with STUB_SLOTS places each, for STUB_ENVIRONMENTS; STUB_MS is the time of a program that does not
// say `# ms: N`, and `# largest` in one has the largest result that there is. Of all programs they can run the one of a probe.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { parseConfig } from '../../src/config/config.ts'
import { offersOf } from '../../src/queue/offers.ts'
import { resultLimits } from '../../src/queue/result-bound.ts'
import { RunQueue } from '../../src/queue/run-queue.ts'
import { Sweeper } from '../../src/queue/sweeper.ts'
import { QueueWorker } from '../../src/queue/worker.ts'
import type { Executor } from '../../src/run/executor.ts'
import type { Outcome } from '../../src/run/outcome.ts'
import { cancelled } from '../../src/run/refusal.ts'
import type { RunRequest } from '../../src/run/request.ts'
import { output as written } from './execution-events.ts'
import { largestOutput, largestResult } from './largest-result.ts'

const { REDIS_URL: url = '', QUEUE_PREFIX: prefix = 'safe-code-executor' } = process.env
const workers = Number(process.env.STUB_WORKERS ?? 1)
const slots = Number(process.env.STUB_SLOTS ?? 3)
const defaultMs = Number(process.env.STUB_MS ?? 100)
const limits = resultLimits(parseConfig({}))
const shiftMs = Number(process.env.STUB_CLOCK_SHIFT_MS ?? 0)

// A machine whose clock is wrong.
const now = Date.now
Date.now = () => now() + shiftMs

/** Told on standard output of each program that it starts, and of each that it has ended. */
const executor: Executor = {
  async run(request, { signal, id = randomUUID(), onEvent }): Promise<Outcome> {
    const ms = Number(request.code.match(/# ms: (\d+)/)?.[1] ?? defaultMs)
    if (process.env.STUB_TELLS) process.stdout.write(`start ${id}\n`)
    if (request.code.includes('# crash')) process.kill(process.pid, 'SIGKILL')
    onEvent?.({ type: 'started' })
    const isLargest = request.code.includes('# largest')
    onEvent?.(written('stdout', isLargest ? largestOutput(limits) : `${request.code}\n`))
    await sleep(ms, undefined, { signal }).catch(() => {
      if (process.env.STUB_TELLS) process.stdout.write(`stop ${id}\n`)
      throw cancelled(signal)
    })
    if (process.env.STUB_TELLS) process.stdout.write(`end ${id}\n`)
    const output = request.code === 'print(2 + 2)' ? '4' : request.code
    const own: Outcome = {
      ...{ output, error: '', status: 'ok', exitCode: 0, signal: null, stderr: '', hint: '' },
      ...{ truncated: false, durationMs: ms, cpuMs: 0, peakMemoryBytes: 0, files: [] },
      ...{ filesOmitted: [], filesOmittedCount: 0, displays: [], displaysOmittedCount: 0, id },
    }
    return isLargest ? { ...own, ...largestResult(limits) } : own
  },
}

// Whoever started it is gone.
process.stdout.on('error', () => process.exit())

const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' }, process.stderr)
const environments = (process.env.STUB_ENVIRONMENTS ?? 'python').split(',')
const { ENVIRONMENTS_DIR } = process.env
const own = parseConfig({ ENVIRONMENTS: environments.join(), ENVIRONMENTS_DIR })
const queue = new RunQueue({ url, prefix, environments, logger })
const sweeper = new Sweeper(queue, logger)
const all = Array.from(
  { length: workers },
  (_, index) =>
    new QueueWorker({
      ...{ queue, environments, executor, slots, url, prefix, logger },
      offers: offersOf(own, environments),
      name: `stub-${process.pid}-${index}`,
      parse: (given) => given as RunRequest,
      limits,
    }),
)
process.stdout.write('ready\n')
process.once('SIGTERM', async () => {
  await Promise.all(all.map((worker) => worker.close(Number(process.env.STUB_DRAIN_MS ?? 5000))))
  sweeper.close()
  await queue.close()
  process.exit()
})
