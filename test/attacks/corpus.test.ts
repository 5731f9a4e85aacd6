// Every program of the corpus against a real engine: it ends as expected, in time, and the next one runs.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attempt, readCorpus } from '../../src/attacks/corpus.ts'
import { outcomeSchema } from '../../src/run/outcome.ts'
import { containersOf, eventually } from '../support/docker.ts'
import { MAX_RESIDENT_MB, residentMb, type Server, startServer } from '../support/server.ts'

const POOL_SIZE = 2

let server: Server
beforeAll(async () => {
  server = await startServer({ POOL_SIZE: String(POOL_SIZE), MAX_RUNNING: '2' })
})
afterAll(() => server.stop())

/** With PYTHONHASHSEED for every program, hashes are the same for all. */
const corpus = readCorpus().filter(
  ({ name }) => name !== 'i-hash-seed-differs' || !process.env.SUITE_ENV,
)

describe.concurrent('attacks and odd programs', () => {
  it.for(corpus)('$name', async (attack) => {
    const { outcomes, problems } = await attempt(attack, server.run)
    for (const outcome of outcomes) expect(() => outcomeSchema.parse(outcome)).not.toThrow()
    expect(problems).toEqual([])
  })
})

it('leaves nothing but the waiting containers, and the next program runs', async () => {
  expect(await server.run({ code: 'print(2 + 2)' })).toMatchObject({ output: '4', status: 'ok' })
  await eventually('only the pool is left', 15_000, async () => {
    return (await containersOf(server.pid)).length === POOL_SIZE
  })
  expect(residentMb(server.pid)).toBeLessThan(MAX_RESIDENT_MB)
})
