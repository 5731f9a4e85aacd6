// What becomes of containers when clients hang up, servers end, and containers die.

import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import { createDockerExecutor } from '../../src/executor/create.ts'
import { NO_EVENTS } from '../../src/executor/events.ts'
import { ownRequest } from '../../src/run/request.ts'
import { allContainers, containersOf, eventually, warmContainers } from '../support/docker.ts'
import { engineConfig, removeByHand, withProcesses } from '../support/engine.ts'
import { type Server, startServer } from '../support/server.ts'

const HANG = 'import time\nwhile True: time.sleep(1)'

let server: Server
afterEach(() => server?.stop())

it('stops the run of a client that hangs up, and gives its place to the next', async () => {
  server = await startServer({ MAX_RUNNING: '1', POOL_SIZE: '0' })
  const client = new AbortController()
  const hanging = server.post({ code: HANG }, { signal: client.signal }).catch(() => 'hung up')
  await eventually('it runs', 10_000, async () => (await containersOf(server.pid)).length === 1)
  const [name] = await containersOf(server.pid)
  await new Promise((resolve) => setTimeout(resolve, 1000)) // the program has begun
  client.abort()
  expect(await hanging).toBe('hung up')
  await eventually('its container is gone', 3000, async () => {
    return !(await containersOf(server.pid)).includes(name ?? '')
  })
  expect(await server.run({ code: 'print("next")' })).toMatchObject({ output: 'next' })
})

it('drains on SIGTERM: the running program is answered, then no container stays', async () => {
  server = await startServer({ POOL_SIZE: '2' })
  await server.run({ code: 'pass' })
  const running = server.run({ code: 'import time; time.sleep(1); print("finished")' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  const code = await server.stop('SIGTERM')
  expect(await running).toMatchObject({ output: 'finished', status: 'ok' })
  expect(code).toBe(0)
  expect(await containersOf(server.pid)).toEqual([])
})

it('ends runs that outlast the drain', async () => {
  server = await startServer({ POOL_SIZE: '1', DRAIN_SECONDS: '1' })
  const running = server.post({ code: HANG }).catch(() => 'cut off')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const startMs = performance.now()
  expect(await server.stop('SIGTERM')).toBe(0)
  expect(performance.now() - startMs).toBeLessThan(6000)
  expect(await running).toBe('cut off')
  expect(await containersOf(server.pid)).toEqual([])
})

it('leaves no container after kill -9 while programs hang', async () => {
  server = await startServer({ POOL_SIZE: '2' })
  const { pid } = server
  const hanging = Array.from({ length: 3 }, () =>
    server.post({ code: HANG, timeoutSeconds: 5 }).catch(() => 'cut off'),
  )
  await eventually('they run', 10_000, async () => (await containersOf(pid)).length >= 3)
  await server.stop('SIGKILL')
  await Promise.all(hanging)
  // The end of its standard input ends each runner, long before any deadline.
  const left = async () => withProcesses(await containersOf(pid))
  await eventually('all are gone', 5000, async () => (await left()).length === 0)
  server = await startServer({ POOL_SIZE: '1' })
  await eventually('all is swept', 10_000, async () => (await containersOf(pid)).length === 0)
})

it('leaves no container after kill -9 whose program stopped its runner: the next start sweeps', async () => {
  server = await startServer({ POOL_SIZE: '1' })
  const dead = server.pid
  const code =
    'import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: time.sleep(1)'
  const hanging = server.post({ code, timeoutSeconds: 10 }).catch(() => 'cut off')
  await new Promise((resolve) => setTimeout(resolve, 2000))
  await server.stop('SIGKILL')
  await hanging
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(withProcesses(await containersOf(dead))).toHaveLength(1)
  server = await startServer({ POOL_SIZE: '1' })
  await eventually('it is swept', 10_000, async () => (await containersOf(dead)).length === 0)
})

it('does not sweep the containers of a server that is alive', async () => {
  server = await startServer({ POOL_SIZE: '1' })
  const waiting = await warmContainers(server, 1)
  const other = await startServer({ POOL_SIZE: '1' })
  await other.run({ code: 'pass' })
  await other.stop()
  expect(await containersOf(server.pid)).toEqual(waiting)
})

it('runs the program although its waiting container was removed by hand', async () => {
  server = await startServer({ POOL_SIZE: '2' })
  await server.run({ code: 'pass' })
  for (let round = 0; round < 3; round += 1) {
    await removeByHand(await containersOf(server.pid))
    expect(await server.run({ code: 'print("ran")' })).toMatchObject({ output: 'ran' })
  }
})

it('replaces containers that have waited too long', async ({ onTestFinished }) => {
  const logger = pino({ level: 'silent' })
  const times = { warmMaxAgeMs: 2000 } // a server has minutes
  const config = engineConfig({ POOL_SIZE: '1' })
  const { executor, close } = createDockerExecutor(config, logger, NO_EVENTS, times)
  onTestFinished(close)
  const containers = () => containersOf(process.pid)
  await eventually('one waits', 10_000, async () => (await containers()).length === 1)
  const [first] = await containers()
  await eventually('it is replaced', 10_000, async () => {
    const names = await containers()
    return names.length === 1 && names[0] !== first
  })
  const request = ownRequest({ code: 'print(1)', environment: 'python', timeoutSeconds: 10 })
  const { signal } = new AbortController()
  expect(await executor.run(request, { signal })).toMatchObject({ output: '1' })
})

it('labels each container with its server', async () => {
  server = await startServer({ POOL_SIZE: '1' })
  const [name = ''] = await warmContainers(server, 1)
  const line = (await allContainers()).find((text) => text.startsWith(name)) ?? ''
  expect(line.split('/')[1]).toBe(String(server.pid))
})
