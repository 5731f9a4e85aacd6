// The helpers of the tests of documents.

import { expect, it } from 'vitest'
import { answerPattern } from '../../support/documents.ts'

const SHOWN =
  '{"output":"4", … "durationMs":15,"id":"08dd092c-f867-4eb2-9c8c-bfb4af3994cf","at":"2026-11-27T00:01:06.905Z"}\n'

it('takes an answer with other times and ids, and anything in place of the dots', () => {
  const answer =
    '{"output":"4","more":[1],"durationMs":7,"id":"00000000-0000-4000-8000-000000000000","at":"2027-01-02T03:04:05.678Z"}'
  expect(answer).toMatch(answerPattern(SHOWN))
})

it.each([
  '{"output":"5","durationMs":7,"id":"00000000-0000-4000-8000-000000000000","at":"2027-01-02T03:04:05.678Z"}',
  '{"output":"4","durationMs":"7","id":"00000000-0000-4000-8000-000000000000","at":"2027-01-02T03:04:05.678Z"}',
  '{"output":"4","durationMs":7,"id":"","at":"2027-01-02T03:04:05.678Z"}',
  '',
])('takes no other one: %s', (answer) => {
  expect(answer).not.toMatch(answerPattern(SHOWN))
})
