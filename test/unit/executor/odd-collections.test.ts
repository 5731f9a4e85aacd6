// Files that come back from containers which do not do what they should: a fake `docker` plays them.

import { expect, it } from 'vitest'
import { hearing } from '../../support/execution-events.ts'
import { fakeDocker } from './fake-docker.ts'

const { run, calls, called, close } = fakeDocker()

const GLOBS = { outputFiles: ['*.txt', 'b/*'] }
const HELLO = { path: 'a.txt', size: 5, encoding: 'utf8', content: 'hello' }
const NOT_COLLECTED = [
  { path: '*.txt', reason: 'not_collected' },
  { path: 'b/*', reason: 'not_collected' },
]

it('answers with what a runner collects, and believes no frame without the token', async () => {
  expect(await run('collects', {}, GLOBS)).toMatchObject({
    status: 'ok',
    files: [HELLO],
    filesOmitted: [{ path: 'b.txt', reason: 'too_large' }],
    filesOmittedCount: 4,
    displays: [{ mime: 'image/png', data: 'AP8B' }],
    displaysOmittedCount: 2,
  })
})

it('says of a runner that ends while it collects how the program ended, and what is missing', async () => {
  expect(await run('ends-while-it-collects', {}, GLOBS)).toMatchObject({
    ...{ status: 'error', exitCode: 3, error: 'Exited with code 3' },
    ...{ files: [HELLO], filesOmitted: NOT_COLLECTED, filesOmittedCount: 2 },
  })
})

it('waits five seconds for a runner that collects for ever, then answers with what is whole', async () => {
  const startedAtMs = performance.now()
  const outcome = await run('collects-for-ever', {}, { ...GLOBS, timeoutSeconds: 1 })
  const tookMs = performance.now() - startedAtMs
  expect(outcome).toMatchObject({
    ...{ status: 'ok', exitCode: 0, durationMs: 1 },
    ...{ files: [HELLO], filesOmitted: NOT_COLLECTED, filesOmittedCount: 2 },
  })
  expect(tookMs).toBeGreaterThan(4900)
  expect(tookMs).toBeLessThan(7500)
  await close()
  await called('rm')
}, 15_000)

it('believes a report that came in time, where the server was too busy to read it before its own deadline', async () => {
  const busy = hearing('started', () => {
    const untilMs = performance.now() + 1000
    while (performance.now() < untilMs); // as making a very large answer does
  })
  const given = { ...GLOBS, timeoutSeconds: 0.3 }
  expect(await run('reports-and-collects-slowly', {}, given, busy)).toMatchObject({
    ...{ status: 'ok', exitCode: 0, files: [HELLO], filesOmitted: [] },
  })
})

it('stops a runner that collects when the client hangs up', async () => {
  const controller = new AbortController()
  const stops = hearing('started', () => setTimeout(() => controller.abort(), 100))
  const { signal } = controller
  const startedAtMs = performance.now()
  await expect(run('collects-for-ever', {}, GLOBS, { signal, ...stops })).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect(performance.now() - startedAtMs).toBeLessThan(4000)
})

it('kills a container whose runner sends more than it was asked for', async () => {
  const outcome = await run('collects-too-much', {}, GLOBS)
  expect(outcome).toMatchObject({ status: 'ok', filesOmitted: NOT_COLLECTED })
  expect(outcome.files).toHaveLength(32)
  await called('rm')
})

it.each([
  ['10', [HELLO]],
  ['8', []], // half of it is less than one file
])('takes no more than the operator allows: %s bytes', async (MAX_OUTPUT_FILES_BYTES, files) => {
  expect(await run('collects', { MAX_OUTPUT_FILES_BYTES }, GLOBS)).toMatchObject({ files })
})

it.each([
  ['sends-files-unasked', {}],
  ['goes-on-after-the-end', GLOBS],
])('believes nothing of a runner that %s', async (behaviour, given) => {
  expect(await run(behaviour, {}, given)).toMatchObject({
    ...{ status: 'ok', files: [], filesOmitted: [], filesOmittedCount: 0 },
    ...{ displays: [], displaysOmittedCount: 0 },
  })
})

it('refuses files that can not be written, in the runner’s words, and tries no other container', async () => {
  const files = [{ path: 'a/b', content: 'x', encoding: 'utf8' as const }]
  await expect(run('cannot-write-files', {}, { files })).rejects.toMatchObject({
    code: 'invalid_request',
    status: 400,
    message: "files: can't be written: a/b: No space left on device",
  })
  expect(calls('run')).toHaveLength(1)
})
