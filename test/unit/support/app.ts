// The app as a test needs it: an executor that answers as it is told, a log in memory, no engine and no port.

import { type Logger, pino } from 'pino'
import { Gate } from '../../../src/admission/gate.ts'
import { inTurn } from '../../../src/admission/turn.ts'
import { memoryAsyncRuns } from '../../../src/async-runs/memory-async-runs.ts'
import { parseConfig } from '../../../src/config/config.ts'
import { ownEnvironments } from '../../../src/executor/environments.ts'
import { maxWaiting } from '../../../src/executor/spec.ts'
import { watchExecutor } from '../../../src/executor/watched-executor.ts'
import { type ApiKey, keyDigest } from '../../../src/keys/api-key.ts'
import { KeyRing, plainKeys } from '../../../src/keys/key-ring.ts'
import { Metrics } from '../../../src/metrics/metrics.ts'
import { Drain } from '../../../src/middleware/drain.ts'
import { MemoryRateLimiter, type RateLimiter } from '../../../src/rate-limiter/rate-limiter.ts'
import type { Executor, RunOptions } from '../../../src/run/executor.ts'
import type { Outcome } from '../../../src/run/outcome.ts'
import type { RunRequest } from '../../../src/run/request.ts'
import type { RunLog } from '../../../src/run-log/run-log.ts'
import { type AppOptions, createApp } from '../../../src/server/app.ts'

/** How a program ended; what is not given is as after `print(2 + 2)`. */
export function outcome(given: Partial<Outcome> = {}): Outcome {
  return {
    output: '4',
    error: '',
    status: 'ok',
    exitCode: 0,
    signal: null,
    stderr: '',
    hint: '',
    truncated: false,
    durationMs: 5,
    cpuMs: 4,
    peakMemoryBytes: 9_142_272,
    files: [],
    filesOmitted: [],
    filesOmittedCount: 0,
    displays: [],
    displaysOmittedCount: 0,
    id: 'run-1',
    ...given,
  }
}

type Answer = (request: RunRequest, options: RunOptions) => Promise<Outcome>

/** An executor that runs nothing: it remembers what it was asked and answers with `answer`. */
export class TestExecutor implements Executor {
  readonly requests: RunRequest[] = []
  answer: Answer = async () => outcome()

  run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    this.requests.push(request)
    return this.answer(request, options)
  }
}

/** A logger that keeps its lines. */
export function memoryLog(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  return { logger: pino({ level: 'trace' }, { write: (line) => void lines.push(line) }), lines }
}

/** A key whose secret is its name. */
export function testKey(name: string, limits: Partial<ApiKey> = {}): ApiKey {
  return { name, sha256: keyDigest(name), rights: ['run'], ...limits }
}

export interface TestAppOptions {
  settings?: Record<string, string>
  answer?: Answer
  logger?: Logger
  /** Address of the other end of every connection. */
  peer?: string
  /** Keys beside those of the settings. */
  keys?: ApiKey[]
  limiter?: RateLimiter
  runLog?: RunLog
  board?: AppOptions['board']
  offered?: AppOptions['offered']
}

/** An app with its executor. */
export function testApp(options: TestAppOptions = {}) {
  const {
    settings = {},
    answer,
    logger,
    peer,
    keys = [],
    limiter,
    runLog,
    board,
    offered,
  } = options
  const executor = new TestExecutor()
  if (answer) executor.answer = answer
  const config = parseConfig(settings)
  const fixed = [...plainKeys(config.API_KEYS), ...keys]
  const metrics = new Metrics({ environments: config.ENVIRONMENTS })
  const drain = new Drain()
  const gate = new Gate({
    maxRunning: config.MAX_RUNNING,
    maxWaiting: maxWaiting(config),
    maxWaitMs: config.MAX_WAIT_SECONDS * 1000,
  })
  const gated: Executor = {
    run: (request, options) => inTurn(gate, options, () => executor.run(request, options)),
  }
  const watched = watchExecutor({
    executor: gated,
    config,
    onRun: (record) => {
      metrics.onRun(record)
      runLog?.add(record)
    },
  })
  const silent = pino({ level: 'silent' })
  const own = ownEnvironments(config)
  const asyncRuns = memoryAsyncRuns(config, { executor: watched.executor, gate, logger: silent })
  const app = createApp({
    ...{ config, watched, asyncRuns, metrics, drain, runLog, board },
    offered: offered ?? (() => own),
    ring: new KeyRing({ isRequired: fixed.length > 0, fixed }),
    limiter: limiter ?? new MemoryRateLimiter(),
    logger: logger ?? silent,
    peerAddress: () => peer ?? '203.0.113.7',
  })
  return { app, executor, asyncRuns, metrics, drain }
}

type App = ReturnType<typeof testApp>['app']

/** Posts JSON to /run. */
export async function postRun(
  app: App,
  body: unknown = { code: 'print(2 + 2)' },
  headers: Record<string, string> = {},
): Promise<Response> {
  return app.request('/run', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** Posts a page's form, as a browser does that shows the page. */
export async function postForm(
  app: App,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
  path = '/ui',
): Promise<Response> {
  return app.request(path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Host: 'localhost:5000',
      Origin: 'http://localhost:5000',
      ...headers,
    },
    body: new URLSearchParams(fields).toString(),
  })
}
