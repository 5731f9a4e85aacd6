// Each row of the status table, and the contract's promises on time, against a real engine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isGvisor } from '../../src/engines/container-spec.ts'
import { fastest, timed } from '../support/fastest.ts'
import { type Server, startServer } from '../support/server.ts'

const UNDER_GVISOR = isGvisor(process.env.SANDBOX_RUNTIME ?? '')
/** The contract's half second; gVisor needs longer to end a sandbox on a busy machine. */
const ANSWER_GRACE_MS = UNDER_GVISOR ? 4000 : 500
/** How long before its limit a run must end: under gVisor Python’s own end takes longer, and a new interpreter has a start. */
const EARLY_SECONDS = UNDER_GVISOR ? 0.35 : process.env.SUITE_ENV ? 0.2 : 0.05
/** How memory runs out; of gVisor the engine does not always tell it (SECURITY.md). */
const MEMORY_ERRORS = [
  'oom: Container killed by memory limit (128 MB)',
  ...(UNDER_GVISOR ? ['killed: Killed by SIGKILL'] : []),
]

let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe('status', () => {
  it('answers with every field of the contract, output and error first', async () => {
    // Enough to be seen on the clock of gVisor, which counts in steps of ten milliseconds.
    const outcome = await server.run({ code: 'sum(range(2_000_000))\nprint(2+2)' })
    expect(Object.keys(outcome)).toEqual([
      ...['output', 'error', 'status', 'exitCode', 'signal', 'stderr', 'hint', 'truncated'],
      ...[
        'durationMs',
        'cpuMs',
        'peakMemoryBytes',
        'files',
        'filesOmitted',
        'filesOmittedCount',
        'displays',
      ],
      ...['displaysOmittedCount', 'id'],
    ])
    expect(outcome).toMatchObject({ output: '4', error: '', status: 'ok', exitCode: 0 })
    expect(outcome).toMatchObject({ signal: null, stderr: '', truncated: false, files: [] })
    expect(outcome.cpuMs).toBeGreaterThan(0)
    expect(outcome.peakMemoryBytes).toBeGreaterThan(4 * 1024 * 1024)
    expect(outcome.peakMemoryBytes).toBeLessThan(32 * 1024 * 1024)
  })

  it('error: an uncaught exception, with the traceback as the code was sent', async () => {
    const outcome = await server.run({ code: 'def f():\n    return x\n\nprint("before")\nf()\n' })
    expect(outcome).toMatchObject({
      status: 'error',
      error: "NameError: name 'x' is not defined",
      output: 'before',
      exitCode: 1,
      signal: null,
    })
    expect(outcome.stderr).toBe(
      [
        'Traceback (most recent call last):',
        '  File "main.py", line 5, in <module>',
        '    f()',
        '    ~^^',
        '  File "main.py", line 2, in f',
        '    return x',
        '           ^',
        "NameError: name 'x' is not defined",
        '',
      ].join('\n'),
    )
  })

  it('error: sys.exit with a message, and with a code', async () => {
    expect(await server.run({ code: 'import sys; sys.exit("no luck")' })).toMatchObject({
      status: 'error',
      error: 'no luck',
      exitCode: 1,
      stderr: 'no luck\n',
    })
    expect(await server.run({ code: 'import sys; sys.exit(3)' })).toMatchObject({
      status: 'error',
      error: 'Exited with code 3',
      exitCode: 3,
    })
  })

  it('timeout: keeps the output, names the limit that was asked for', async () => {
    const code = 'print("started", end="")\nwhile True: pass'
    for (const [timeoutSeconds, words] of [
      [1, '1 second'],
      [0.5, '0.5 seconds'],
    ] as const) {
      expect(await server.run({ code, timeoutSeconds })).toMatchObject({
        status: 'timeout',
        error: `Execution timed out after ${words}`,
        output: 'started',
        exitCode: null,
        signal: 'SIGKILL',
      })
    }
  })

  it('oom: the kernel killed it for memory', async () => {
    const code = 'print("started")\nblocks = []\nwhile True: blocks.append(bytearray(1 << 20))'
    const outcome = await server.run({ code })
    expect(outcome).toMatchObject({ output: 'started', exitCode: null, signal: 'SIGKILL' })
    expect(MEMORY_ERRORS).toContain(`${outcome.status}: ${outcome.error}`)
  })

  it('output_limit: flips one byte past the cap and keeps what fitted', async () => {
    const cap = 1024 * 1024
    const write = (bytes: number) =>
      server.run({ code: `import sys; sys.stdout.write("x" * ${bytes})` })
    for (const bytes of [cap - 1, cap]) {
      const outcome = await write(bytes)
      expect(outcome).toMatchObject({ status: 'ok', error: '', truncated: false })
      expect(outcome.output.length).toBe(bytes)
    }
    const outcome = await write(cap + 1)
    expect(outcome).toMatchObject({
      status: 'output_limit',
      error: 'Output limit of 1 MB exceeded',
      truncated: true,
    })
    expect(outcome.output.length).toBe(cap)
  })

  it('killed: a signal ended it; SIGKILL by itself is not oom', async () => {
    expect(await server.run({ code: 'import ctypes; ctypes.string_at(0)' })).toMatchObject({
      status: 'killed',
      error: 'Killed by SIGSEGV',
      exitCode: null,
      signal: 'SIGSEGV',
    })
    expect(await server.run({ code: 'import os; os.kill(os.getpid(), 9)' })).toMatchObject({
      status: 'killed',
      error: 'Killed by SIGKILL',
      signal: 'SIGKILL',
    })
  })

  it('killed: the runner was killed, and nobody ran out of memory', async () => {
    const code =
      'import os, time\nprint("kept")\ntime.sleep(.1)\nos.kill(os.getppid(), 9)\ntime.sleep(5)'
    expect(await server.run({ code })).toMatchObject({
      status: 'killed',
      error: 'Killed by SIGKILL',
      output: 'kept',
    })
  })

  it('oom: the kernel killed the runner too', async () => {
    // The program is no better a choice for the kernel than the runner, and takes all memory from many processes. Where the
    // engine has CAP_SYS_RESOURCE, nobody goes below the runner's own score.
    const code = `
import os, signal, time
for score in ('0', '500'):
    try:
        with open('/proc/self/oom_score_adj', 'w') as file:
            file.write(score)
        break
    except PermissionError:
        pass
for _ in range(40):
    if os.fork() == 0:
        block = bytearray(6 << 20)
        time.sleep(5)
        os._exit(0)
time.sleep(2)
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(5)
`
    const outcome = await server.run({ code, timeoutSeconds: 8 })
    expect(MEMORY_ERRORS).toContain(`${outcome.status}: ${outcome.error}`)
  })
})

describe('time', () => {
  it('answers a run that timed out at most half a second after its limit', async () => {
    const boundMs = 1000 + ANSWER_GRACE_MS
    const ms = await fastest(boundMs, async () => {
      await server.run({ code: 'pass' })
      return timed(() => server.run({ code: 'while True: pass', timeoutSeconds: 1 }))
    })
    expect(ms).toBeLessThan(boundMs)
  })

  it('answers in time when the runner was stopped: the watchdog kills the container', async () => {
    const boundMs = 1500 + ANSWER_GRACE_MS
    const code =
      'import os, signal\nprint("kept")\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: pass'
    const ms = await fastest(boundMs, () =>
      timed(async () => {
        expect(await server.run({ code, timeoutSeconds: 1 })).toMatchObject({
          status: 'timeout',
          error: 'Execution timed out after 1 second',
        })
      }),
    )
    expect(ms).toBeLessThan(boundMs)
  })

  it(`lets a run finish that ends ${EARLY_SECONDS * 1000} ms before its limit`, async () => {
    const code = `import time\ntime.sleep(0.95 - ${EARLY_SECONDS})\nprint("done")`
    expect(await server.run({ code, timeoutSeconds: 1 })).toMatchObject({
      status: 'ok',
      output: 'done',
    })
  })
})
