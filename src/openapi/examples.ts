// Examples in the API document: requests, one outcome of each status, streams.

import { OUTCOME_EXAMPLE, type Outcome } from '../run/outcome.ts'

/** Requests. */
export const REQUEST_EXAMPLES = {
  shortest: { summary: 'Only code', value: { code: 'print(2 + 2)' } },
  files: {
    summary: 'A file in, a file out',
    value: {
      code: "open('sum.txt', 'w').write(str(sum(map(int, open('numbers.txt')))))",
      files: [{ path: 'numbers.txt', content: '1\n2\n3\n' }],
      outputFiles: ['sum.txt'],
      timeoutSeconds: 2,
    },
  },
  lastExpression: {
    summary: 'The value of the last expression',
    value: { code: '6 * 7', displayLastExpression: true },
  },
}

/** An outcome that differs from that of `print(2 + 2)`. */
const ended = (summary: string, status: Outcome['status'], fields: Partial<Outcome> = {}) => ({
  summary,
  value: { ...OUTCOME_EXAMPLE, status, ...fields },
})

/** The outcome of a program that a signal ended. */
const killed = (summary: string, status: Outcome['status'], fields: Partial<Outcome>) =>
  ended(summary, status, { output: '', exitCode: null, signal: 'SIGKILL', ...fields })

/** One outcome of each status. */
export const OUTCOME_EXAMPLES = {
  ok: ended('Success', 'ok'),
  error: ended('Uncaught exception', 'error', {
    output: '',
    error: "NameError: name 'x' is not defined",
    exitCode: 1,
    stderr:
      'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\n    x\n' +
      "NameError: name 'x' is not defined\n",
  }),
  timeout: killed('Time limit', 'timeout', {
    output: '1',
    error: 'Execution timed out after 10 seconds',
  }),
  oom: killed('Memory limit', 'oom', { error: 'Container killed by memory limit (128 MB)' }),
  output_limit: killed('Output limit', 'output_limit', {
    output: 'x…',
    error: 'Output limit of 1 MB exceeded',
    truncated: true,
  }),
  killed: killed('Ended by a signal', 'killed', { error: 'Killed by SIGSEGV', signal: 'SIGSEGV' }),
}

/** Streams of events, as they are sent. */
export const EVENT_EXAMPLES = {
  result: {
    summary: 'A program that prints',
    value:
      `: started\n\nevent: stdout\ndata: {"text":"1\\n"}\n\nevent: stderr\ndata: {"text":"careful\\n"}\n\n` +
      `: heartbeat\n\nevent: result\ndata: ${JSON.stringify(OUTCOME_EXAMPLES.ok.value)}\n\n`,
  },
  error: {
    summary: 'A failure after the start',
    value:
      ': started\n\nevent: error\n' +
      'data: {"output":"","error":"Something went wrong on our side","code":"internal","requestId":"…"}\n\n',
  },
}
