// Programs on a host as users have it: every status, twenty at once, and those of the corpus that hang on the host's kernel.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attempt, readCorpus } from '../../src/attacks/corpus.ts'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { containers, ENGINES, POOL_SIZE, slowHost } from './host.ts'

/** How much longer a program may take than elsewhere. */
const SLOWER = 10

/** What a kernel of another version, or an engine with all capabilities, may let a program do. */
const HOST_PROGRAMS =
  /oom-score|many-children|child-eats-memory|kernel-settings|masked-paths|mounts|cgroup|own-status|own-identity/

describe.each(ENGINES)('%s', (engine) => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(slowHost(engine))
  })
  afterAll(() => server.stop())

  it.each([
    ['ok', 'print(2 + 2)', { output: '4', error: '', exitCode: 0 }],
    ['error', '1 / 0', { error: 'ZeroDivisionError: division by zero', exitCode: 1 }],
    ['timeout', 'while True: pass', { error: 'Execution timed out after 5 seconds' }],
    [
      'oom',
      'blocks = []\nwhile True: blocks.append(bytearray(2**20))',
      { error: 'Container killed by memory limit (128 MB)' },
    ],
    ['output_limit', 'while True: print("x" * 1000)', { error: 'Output limit of 1 MB exceeded' }],
    ['killed', 'import os; os.kill(os.getpid(), 11)', { error: 'Killed by SIGSEGV' }],
  ])('status %s', async (status, code, end) => {
    const timeoutSeconds = status === 'timeout' ? 5 : 60
    expect(await server.run({ code, timeoutSeconds })).toMatchObject({ status, ...end })
  })

  it('answers twenty at once, each its own, and keeps only the pool', async () => {
    const tokens = Array.from({ length: 20 }, (_, i) => `token-${i}`)
    const outcomes = await Promise.all(
      tokens.map((token) => server.run({ code: 'print(input())', stdin: token })),
    )
    expect(outcomes.map(({ output }) => output)).toEqual(tokens)
    await eventually('only the pool is left', 120_000, async () => {
      return (await containers(engine)).length === POOL_SIZE
    })
  })

  it.for(readCorpus().filter(({ name }) => HOST_PROGRAMS.test(name)))('$name', async (attack) => {
    const { problems } = await attempt(attack, (request) =>
      server.run({ ...request, timeoutSeconds: (request.timeoutSeconds ?? 10) * SLOWER }),
    )
    expect(problems.filter((problem) => !problem.startsWith('durationMs'))).toEqual([])
  })
})
