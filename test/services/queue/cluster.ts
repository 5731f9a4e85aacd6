// Servers and workers on one Redis, in this process, with programs that go on as a test says.

import { randomUUID } from 'node:crypto'
import { type Logger, pino } from 'pino'
import { type Config, parseConfig } from '../../../src/config/config.ts'
import { createQueueParts, type QueueOptions, type QueueParts } from '../../../src/queue/create.ts'
import { resultLimits } from '../../../src/queue/result-bound.ts'
import { RunQueue } from '../../../src/queue/run-queue.ts'
import { Sweeper } from '../../../src/queue/sweeper.ts'
import { QueueWorker } from '../../../src/queue/worker.ts'
import type { Executor, RunOptions } from '../../../src/run/executor.ts'
import type { Outcome } from '../../../src/run/outcome.ts'
import { cancelled } from '../../../src/run/refusal.ts'
import {
  ownRequest,
  type RunRequest,
  requestLimits,
  runRequestSchema,
} from '../../../src/run/request.ts'
import { outcome } from '../../unit/support/app.ts'

/** A program that a worker has begun. */
export interface Begun {
  code: string
  request: RunRequest
  options: RunOptions
  end: (given?: Partial<Outcome>) => void
  fail: (error: unknown) => void
}

/** Programs that end when they are told to; one with `# now` in it ends by itself. */
export class HeldExecutor implements Executor {
  /** All that were begun, in order. */
  readonly begun: Begun[] = []
  /** The most that went on at once. */
  mostAtOnce = 0
  #running = 0

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const { signal, id = 'none' } = options
    this.#running += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running)
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        const end = (given: Partial<Outcome> = {}) => resolve(outcome({ id, ...given }))
        this.begun.push({ code: request.code, request, options, end, fail: reject })
        if (signal.aborted) reject(cancelled(signal))
        signal.addEventListener('abort', () => reject(cancelled(signal)), { once: true })
        if (request.code.includes('# now')) {
          options.onEvent?.({ type: 'started' })
          end({ output: request.code })
        }
      })
    } finally {
      this.#running -= 1
    }
  }

  /** The program with this code, when it has been begun so many times. */
  async program(code: string, times = 1): Promise<Begun> {
    const untilMs = performance.now() + 25_000
    for (;;) {
      const found = this.begun.filter((begun) => begun.code === code)[times - 1]
      if (found) return found
      if (performance.now() > untilMs) throw new Error(`${code} was not begun ${times} times`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

export interface Cluster {
  config: Config
  queue: RunQueue
  server: (
    settings?: Record<string, string>,
    options?: Partial<QueueOptions>,
    ownLogger?: Logger,
  ) => QueueParts
  worker: (options?: {
    slots?: number
    environments?: string[]
    executor?: Executor
    /** Of this worker, beside those of all. */
    settings?: Record<string, string>
  }) => {
    worker: QueueWorker
    executor: HeldExecutor
  }
  close: () => Promise<void>
}

/** A cluster of its own in a Redis that others may use. */
export function startCluster(url: string, given: Record<string, string> = {}): Cluster {
  const prefix = `test-${randomUUID().slice(0, 8)}`
  const settings = (more: Record<string, string> = {}) =>
    parseConfig({
      ...{ EXECUTOR: 'queue', REDIS_URL: url, QUEUE_PREFIX: prefix, ENVIRONMENTS: 'python,data' },
      ...given,
      ...more,
    })
  const config = settings()
  const logger = pino({ level: 'silent' })
  const queueOptions = { url, prefix, environments: config.ENVIRONMENTS, logger }
  const queue = new RunQueue(queueOptions)
  const closers: (() => unknown)[] = [() => queue.close()]
  return {
    ...{ config, queue },
    server: (more, options = {}, ownLogger = logger) => {
      const parts = createQueueParts(settings(more), ownLogger, {
        onRun: () => {},
        ...options,
      })
      closers.push(() => parts.close())
      return parts
    },
    worker: ({ slots = 2, environments = ['python'], executor, settings: limits } = {}) => {
      const held = new HeldExecutor()
      const own = new RunQueue(queueOptions)
      const sweeper = new Sweeper(own, logger)
      const schema = runRequestSchema(requestLimits(config.environments))
      const worker = new QueueWorker({
        ...{ queue: own, environments, executor: executor ?? held, slots, url, prefix, logger },
        ...{ name: 'test', parse: (request: unknown) => schema.parse(request) },
        limits: resultLimits(settings(limits)),
      })
      closers.push(async () => {
        await worker.close(0)
        sweeper.close()
        await own.close()
      })
      return { worker, executor: held }
    },
    close: async () => {
      for (const close of closers.reverse()) await close()
    },
  }
}

/** A program for a cluster. */
export function program(code: string, more: Partial<RunRequest> = {}): RunRequest {
  return ownRequest({ code, environment: 'python', timeoutSeconds: 5, ...more })
}

/** Options of a run that nobody stops. */
export function going(more: Partial<RunOptions> = {}): RunOptions {
  return { signal: new AbortController().signal, ...more }
}

/** Who asks: a key of this name. */
export function asKey(name: string, limits: { maxConcurrent?: number; weight?: number } = {}) {
  const key = { name, sha256: '', rights: ['run' as const], ...limits }
  return { requestId: randomUUID(), client: '127.0.0.1', key }
}
