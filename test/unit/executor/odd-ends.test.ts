// Containers that end in ways a real engine can't be made to show: a fake `docker` plays them.

import { expect, it, vi } from 'vitest'
import { fakeDocker } from './fake-docker.ts'

const { run, calls, called, close, start } = fakeDocker()

it('answers what a runner reports', async () => {
  expect(await run('good')).toMatchObject({ status: 'ok', output: 'hello', exitCode: 0 })
})

it('is unavailable where there is no docker command', async () => {
  await expect(run('good', { DOCKER_BIN: '/no/such/docker' })).rejects.toMatchObject({
    code: 'unavailable',
  })
})

it('is unavailable where the engine does not answer, with its words as the cause', async () => {
  await expect(run('no-engine')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Programs cannot be run at the moment; try again later',
    cause: { message: 'docker: Cannot connect to the Docker daemon' },
  })
})

it('asks for no other container where the one that was started for the run fails', async () => {
  await expect(run('no-engine')).rejects.toMatchObject({ code: 'unavailable' })
  expect(calls('run')).toHaveLength(1)
})

it('takes another container where one that was started before fails before it is ready', async () => {
  expect(await run('fails-at-first', { POOL_SIZE: '1' })).toMatchObject({ output: 'hello' })
  expect(calls('run').length).toBeGreaterThan(1)
})

it('is unavailable where they all fail, and does not try for ever', async () => {
  const waiting = run('fails-slowly', { POOL_SIZE: '1' })
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  expect(calls('run').length).toBeLessThan(6)
})

it('is unavailable where a container is not ready in time, and kills it', async () => {
  const started = start('never-ready', {}, undefined, { startTimeoutMs: 300 })
  await expect(started.run()).rejects.toMatchObject({ code: 'unavailable' })
  await close()
  await called('rm')
})

it('is unavailable where a container speaks no frames', async () => {
  await expect(run('noise')).rejects.toMatchObject({ code: 'unavailable' })
})

it('tries a program anew whose container ended before it took it, three times at most', async () => {
  await expect(run('ends-waiting')).rejects.toMatchObject({ code: 'unavailable' })
  expect(calls('run')).toHaveLength(3)
})

it('believes no frame without the token of the job', async () => {
  expect(await run('forges')).toMatchObject({
    ...{ status: 'killed', output: '', error: 'Killed by SIGKILL' },
    ...{ exitCode: null, signal: 'SIGKILL' },
  })
  expect(calls('run')).toHaveLength(1)
})

it('believes no report that is not of the agreed form, and kills its container', async () => {
  expect(await run('wrong-report')).toMatchObject({ status: 'killed', exitCode: null })
  await called('rm')
  expect(calls('rm')).toHaveLength(1)
})

it('cuts the output by itself where the runner does not', async () => {
  const outcome = await run('floods')
  expect(outcome).toMatchObject({ status: 'output_limit', truncated: true })
  expect(outcome.output.length).toBe(1024 * 1024)
})

it('kills a run by its own clock where the runner keeps silent, and keeps the output', async () => {
  const outcome = await run('hangs', {}, { timeoutSeconds: 1 })
  expect(outcome).toMatchObject({
    ...{ status: 'timeout', error: 'Execution timed out after 1 second', output: 'kept' },
  })
  expect(outcome.durationMs).toBeLessThan(2500)
  await called('rm')
})

it('answers before the container is cleared away', async () => {
  expect(await run('waits-for-the-host')).toMatchObject({ status: 'ok' })
  expect(calls('hung')).toHaveLength(0)
  await called('hung')
})

it('answers when the runner has reported, and kills a container that stays behind the answer', async () => {
  expect(await run('stays')).toMatchObject({ status: 'error', exitCode: 7 })
  expect(calls('rm')).toHaveLength(0)
  await close()
  expect(calls('rm')).toHaveLength(1)
})

it('tries again to remove a container that the engine did not remove, and counts it until then', async () => {
  const { run, state } = start('hard-to-remove')
  expect(await run()).toMatchObject({ status: 'error', exitCode: 7 })
  await vi.waitFor(() => expect(calls('rm')).toHaveLength(1), { timeout: 5000 })
  expect(state().containers.ending).toBe(1)
  await vi.waitFor(() => expect(state().containers.ending).toBe(0), { timeout: 5000 })
  expect(calls('rm')).toHaveLength(2)
})

it('leaves no container behind that never got ready when the server ends', async () => {
  const { state } = start('never-ready', { POOL_SIZE: '2' })
  expect(state().containers.starting).toBeGreaterThan(0)
  await vi.waitFor(() => expect(calls('run').length).toBeGreaterThan(0), { timeout: 5000 })
  const startMs = performance.now()
  await close()
  expect(performance.now() - startMs).toBeLessThan(9000)
  expect(Object.values(state().containers)).toEqual([0, 0, 0, 0])
}, 15_000)

it.each([
  ['cuts-a-frame', 'kepthalf of it'],
  ['cuts-the-report', 'kept'],
])('keeps the output that came of a stream that %s', async (behaviour, output) => {
  expect(await run(behaviour)).toMatchObject({
    ...{ status: 'killed', error: 'Killed by SIGKILL', output, exitCode: null },
  })
})

it('kills a container that begins to speak of something else', async () => {
  expect(await run('speaks-of-something-else')).toMatchObject({ status: 'killed', output: 'kept' })
  await called('rm')
})

it('believes the first report, and nothing after it', async () => {
  expect(await run('starts-twice')).toMatchObject({ exitCode: 1, output: 'once' })
})

it('reads and forgets what the command writes on its stderr, however much', async () => {
  const before = process.memoryUsage().arrayBuffers
  expect(await run('floods-stderr')).toMatchObject({ status: 'ok', output: 'hello' })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
})

it('does not wait longer for a command that floods its stderr and never is ready', async () => {
  const started = start('floods-stderr-and-waits', {}, undefined, { startTimeoutMs: 1000 })
  const refusal = await started.run().catch((e) => e)
  expect(refusal).toMatchObject({ code: 'unavailable' })
  expect(refusal.cause.message.length).toBeLessThan(5000)
})
