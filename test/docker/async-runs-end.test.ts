// The end of a server that has asynchronous runs in its memory.

import { expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { containersOf } from '../support/docker.ts'
import { startServer } from '../support/server.ts'

it('on SIGTERM what runs ends and is read, what waits is told so, and no container stays', async () => {
  const ending = await startServer({ MAX_RUNNING: '1', POOL_SIZE: '0' })
  const other = createClient({ url: ending.url })
  const code = 'import time\nprint("begun", flush=True)\ntime.sleep(2)\nprint("finished")'
  const [first, second] = await other.submitAll([{ code }, { code }])
  let hasBegun = () => {}
  const begun = new Promise<void>((resolve) => {
    hasBegun = resolve
  })
  const lasts = [first, second].map(async (run) => {
    let last: unknown
    for await (const event of other.events(run?.id ?? '')) {
      if (event.type === 'stdout') hasBegun()
      last = event.data
    }
    return last
  })
  await begun
  expect(await ending.stop('SIGTERM')).toBe(0)
  expect(await Promise.all(lasts)).toMatchObject([
    { state: 'finished', result: { output: 'begun\nfinished' } },
    { state: 'failed', refusal: { code: 'unavailable' } },
  ])
  expect(await containersOf(ending.pid)).toEqual([])
})
