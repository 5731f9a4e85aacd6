// Every program of the corpus against a real engine: it ends as expected, in time, and the next one runs.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outcomeSchema } from '../../src/run.ts'
import { containersOf, eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { differences, readCorpus } from './corpus.ts'

/** From the limit of a run to its answer, in milliseconds: the contract's half second, and half for this machine. */
const ANSWER_GRACE_MS = 1000
const DEFAULT_TIMEOUT_SECONDS = 10
const POOL_SIZE = 2

let server: Server
beforeAll(async () => {
  server = await startServer({ POOL_SIZE: String(POOL_SIZE), MAX_RUNNING: '2' })
})
afterAll(() => server.stop())

describe.concurrent('attacks and odd programs', () => {
  it.for(readCorpus())('$name', async ({ code, expectation }) => {
    const outcome = await server.run({ code, ...expectation.request })
    expect(() => outcomeSchema.parse(outcome)).not.toThrow()
    expect(differences(expectation, outcome)).toEqual([])
    const limitMs = (expectation.request.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000
    expect(outcome.durationMs).toBeLessThan(limitMs + ANSWER_GRACE_MS)
  })
})

it('leaves nothing but the waiting containers, and the next program runs', async () => {
  expect(await server.run({ code: 'print(2 + 2)' })).toMatchObject({ output: '4', status: 'ok' })
  await eventually('only the pool is left', 15_000, async () => {
    return (await containersOf(server.pid)).length === POOL_SIZE
  })
})
