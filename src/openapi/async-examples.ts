// Examples of asynchronous runs in the API document.

import { OUTCOME_EXAMPLES } from './examples.ts'

/** Bodies of POST /runs. */
export const SUBMISSION_EXAMPLES = {
  one: { summary: 'One run', value: { code: 'print(2 + 2)' } },
  batch: {
    summary: 'Several',
    value: { runs: [{ code: 'print(1)' }, { code: 'print(2)', timeoutSeconds: 2 }] },
  },
}

const queued = {
  id: OUTCOME_EXAMPLES.ok.value.id,
  state: 'queued',
  environment: 'python',
  createdAt: '2026-01-31T12:00:00.000Z',
  startedAt: null,
  endedAt: null,
  expiresAt: null,
  attempts: 0,
  result: null,
  refusal: null,
}

const ended = {
  ...queued,
  startedAt: '2026-01-31T12:00:01.000Z',
  endedAt: '2026-01-31T12:00:01.020Z',
  expiresAt: '2026-01-31T13:00:01.020Z',
}

const finished = { ...ended, state: 'finished', attempts: 1, result: OUTCOME_EXAMPLES.ok.value }

/** Runs in each state. */
export const ASYNC_RUN_EXAMPLES = {
  queued: { summary: 'The run is queued', value: queued },
  finished: { summary: 'The program ran', value: finished },
  failed: {
    summary: 'The program could not be run',
    value: {
      ...ended,
      state: 'failed',
      startedAt: null,
      refusal: { code: 'busy', error: 'No place became free in time' },
    },
  },
}

/** A stream of events, as it is sent. */
export const ASYNC_EVENT_EXAMPLES = {
  finished: {
    summary: 'A program that prints',
    value:
      `: started\n\nid: 1-1\nevent: start\ndata: {"attempt":1}\n\nid: 1-2\nevent: stdout\ndata: {"text":"4\\n"}\n\n` +
      `: heartbeat\n\nid: 1000000-0\nevent: end\ndata: ${JSON.stringify(finished)}\n\n`,
  },
}
