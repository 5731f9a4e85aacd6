// Examples in the API document: requests, one outcome of each status, streams.

import { OUTCOME_EXAMPLE } from '../run/outcome.ts'

/** Programs to send. */
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

const killed = { ...OUTCOME_EXAMPLE, exitCode: null, signal: 'SIGKILL' }

/** One outcome of each status. */
export const OUTCOME_EXAMPLES = {
  ok: { summary: 'It ended well', value: OUTCOME_EXAMPLE },
  error: {
    summary: 'An uncaught exception',
    value: {
      ...OUTCOME_EXAMPLE,
      output: '',
      error: "NameError: name 'x' is not defined",
      status: 'error',
      exitCode: 1,
      stderr:
        'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\n    x\n' +
        "NameError: name 'x' is not defined\n",
    },
  },
  timeout: {
    summary: 'Its time ran out',
    value: {
      ...killed,
      output: '1',
      error: 'Execution timed out after 10 seconds',
      status: 'timeout',
    },
  },
  oom: {
    summary: 'Its memory ran out',
    value: {
      ...killed,
      output: '',
      error: 'Container killed by memory limit (128 MB)',
      status: 'oom',
    },
  },
  output_limit: {
    summary: 'It wrote too much',
    value: {
      ...killed,
      output: 'x…',
      error: 'Output limit of 1 MB exceeded',
      status: 'output_limit',
      truncated: true,
    },
  },
  killed: {
    summary: 'A signal ended it',
    value: {
      ...killed,
      output: '',
      error: 'Killed by SIGSEGV',
      status: 'killed',
      signal: 'SIGSEGV',
    },
  },
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
    summary: 'Something failed after the start',
    value:
      ': started\n\nevent: error\n' +
      'data: {"output":"","error":"Something went wrong on our side","code":"internal","requestId":"…"}\n\n',
  },
}
