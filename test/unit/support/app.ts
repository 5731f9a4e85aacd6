// The app as a test needs it: an executor that answers as it is told, a log in memory, no engine and no port.

import { type Logger, pino } from 'pino'
import { createApp } from '../../../src/app.ts'
import { parseConfig } from '../../../src/config.ts'
import type { Executor, RunOptions } from '../../../src/executor/executor.ts'
import type { Outcome } from '../../../src/outcome.ts'
import type { RunRequest } from '../../../src/run.ts'

/** How a program ended; what is not given is as after `print(2 + 2)`. */
export function outcome(given: Partial<Outcome> = {}): Outcome {
  return {
    output: '4',
    error: '',
    status: 'ok',
    exitCode: 0,
    signal: null,
    stderr: '',
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

interface TestAppOptions {
  settings?: Record<string, string>
  answer?: Answer
  logger?: Logger
  /** Address of the other end of every connection. */
  peer?: string
}

/** An app with its executor. */
export function testApp({ settings = {}, answer, logger, peer }: TestAppOptions = {}) {
  const executor = new TestExecutor()
  if (answer) executor.answer = answer
  const app = createApp({
    config: parseConfig(settings),
    executor,
    logger: logger ?? pino({ level: 'silent' }),
    peerAddress: () => peer ?? '203.0.113.7',
  })
  return { app, executor }
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

/** Posts the page's form, as a browser does that shows the page. */
export async function postForm(
  app: App,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return app.request('/ui', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Host: 'runner.example',
      Origin: 'http://runner.example',
      ...headers,
    },
    body: new URLSearchParams(fields).toString(),
  })
}
