// One container by itself: how it ends when its program is over.

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ownerOfThisProcess } from '../../src/engines/owner.ts'
import { TOKEN_BYTES } from '../../src/executor/protocol.ts'
import { Sandbox } from '../../src/executor/sandbox.ts'
import { containerSpec } from '../../src/executor/spec.ts'
import { ownRequest } from '../../src/run/request.ts'
import { eventually } from '../support/docker.ts'
import { engineConfig, suiteEngine } from '../support/engine.ts'

const config = engineConfig()

/** A sandbox whose program has ended, and whether its container has. */
async function ended() {
  const engine = suiteEngine()
  const spec = containerSpec(config, ownerOfThisProcess())
  const sandbox = new Sandbox({
    ...{ engine, spec, imageId: engine.imageId(spec.image) },
    ...{ userId: 20_000, startTimeoutMs: 10_000 },
  })
  let isClosed = false
  void sandbox.closed.then(() => {
    isClosed = true
  })
  await sandbox.ready
  await new Promise<void>((resolve) => {
    const job = {
      token: randomBytes(TOKEN_BYTES),
      request: ownRequest({ code: 'print(1)', environment: 'python', timeoutSeconds: 10 }),
      outputLimitBytes: 1000,
      collectionLimits: { maxFiles: 1, maxFileBytes: 1000, maxTotalBytes: 1000 },
    }
    sandbox.deliver(job, ({ kind }) => {
      if (kind === 'X') resolve()
    })
  })
  return { sandbox, isClosed: () => isClosed }
}

it('waits for the host when its program has ended: the answer goes out before it is cleared away', async () => {
  const { sandbox, isClosed } = await ended()
  await pause(200)
  expect(isClosed()).toBe(false)
  await sandbox.dispose()
  expect(isClosed()).toBe(true)
})

it('ends by itself where the host does nothing', async () => {
  const { sandbox, isClosed } = await ended()
  await eventually('the container is gone', 5000, isClosed)
  await sandbox.dispose()
})
