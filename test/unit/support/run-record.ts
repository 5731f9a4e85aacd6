// Finished runs as the run log gets them.

import type { Outcome } from '../../../src/run/outcome.ts'
import type { RunRecord } from '../../../src/run/record.ts'
import { ownRequest } from '../../../src/run/request.ts'
import { outcome, testKey } from './app.ts'

export interface Given {
  id: string
  endedAtMs?: number
  key?: string
  client?: string
  environment?: string
  code?: string
  outcome?: Partial<Outcome>
}

export function runRecord({ id, endedAtMs = 1_750_000_000_000, ...given }: Given): RunRecord {
  const { key, client = '203.0.113.7', environment = 'python', code = 'print(4)' } = given
  return {
    origin: { requestId: `request-${id}`, key: key ? testKey(key) : undefined, client },
    request: ownRequest({ code, environment, timeoutSeconds: 1 }),
    outcome: outcome({ ...given.outcome, id }),
    endedAt: new Date(endedAtMs),
    ...{ waitMs: 0.4, startMs: 1.6, answerMs: 12.2 },
  }
}
