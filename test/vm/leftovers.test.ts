// No container outlives its server, on engines that systemd has started.

import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { containers, ENGINES, POOL_SIZE, slowHost } from './host.ts'

/** How long the engine may take to remove what has ended, in milliseconds. */
const REMOVAL_TIMEOUT_MS = 100_000
const SHORT_LIFE = { MAX_TIMEOUT_SECONDS: '60' }
/** The longest start, wait and run, and 5 s more. */
const LIFE_MS = 485_000

const HANG = 'import time\nwhile True: time.sleep(1)'
const STOP_RUNNER = `import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\n${HANG}`

let server: Server | undefined
afterEach(() => server?.stop())

describe.each(ENGINES)('%s', (engine) => {
  const none = async () => (await containers(engine)).length === 0

  it('SIGTERM: the running program is answered, and nothing stays', async () => {
    server = await startServer(slowHost(engine))
    const running = server.run({ code: 'import time; time.sleep(3); print("finished")' })
    await eventually('it runs', 60_000, async () => (await runningPrograms()) === 1)
    expect(await server.stop('SIGTERM')).toBe(0)
    expect(await running).toMatchObject({ output: 'finished', status: 'ok' })
    expect(await containers(engine)).toEqual([])
  })

  it('SIGKILL while programs hang: their containers end by themselves', async () => {
    server = await startServer(slowHost(engine))
    const hanging = [1, 2, 3].map(() => post(HANG))
    await eventually('they run', 60_000, async () => (await runningPrograms()) === 3)
    await server.stop('SIGKILL')
    await Promise.all(hanging)
    await eventually('all are gone', REMOVAL_TIMEOUT_MS, none)
  })

  it('SIGKILL when a program has stopped its runner: the next start, or its own end, removes it', async () => {
    server = await startServer({ ...slowHost(engine), ...SHORT_LIFE })
    const hanging = post(STOP_RUNNER)
    await eventually('it runs', 60_000, async () => (await runningPrograms()) === 1)
    await new Promise((resolve) => setTimeout(resolve, 5000)) // the runner is stopped by now
    await server.stop('SIGKILL')
    await hanging
    await eventually('those that wait are gone', REMOVAL_TIMEOUT_MS, async () => {
      return (await containers(engine)).length === 1
    })
    server = await startServer(slowHost(engine))
    await eventually('only the new pool is left', LIFE_MS, async () => {
      return (await containers(engine)).length === POOL_SIZE
    })
    await server.stop()
    expect(await containers(engine)).toEqual([])
  })
})

const post = (code: string) =>
  server?.post({ code, timeoutSeconds: 60 }).catch(() => 'cut off') ?? Promise.reject()

/** How many programs the server says it runs. */
async function runningPrograms(): Promise<number> {
  const metrics = await (await fetch(`${server?.url}/metrics`)).text()
  return Number(metrics.match(/^safe_code_executor_running (\d+)$/m)?.[1])
}
