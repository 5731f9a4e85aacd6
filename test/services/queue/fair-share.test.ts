// The rules of who may wait, in the queue's scripts and in this process: both say the same.

import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAIR_SHARE_LUA, hasRoom, mayWait } from '../../../src/admission/fair-share.ts'
import { redisService, type Service } from '../../support/services.ts'

let redis: Service
let client: Redis
beforeAll(async () => {
  redis = await redisService()
  client = new Redis(redis.url)
})
afterAll(async () => {
  client.disconnect()
  await redis.remove()
})

const count = fc.integer({ min: 0, max: 120 })

it('what one client may have in addition', async () => {
  const body = `${FAIR_SHARE_LUA}
return has_room(tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])) and 1 or 0`
  const share = fc.record({ own: count, more: count, free: fc.integer({ min: -20, max: 120 }) })
  await fc.assert(
    fc.asyncProperty(share, async ({ own, more, free }) => {
      const isRoom = (await client.eval(body, 0, own, more, free)) === 1
      expect(isRoom).toBe(hasRoom({ own, more, free }))
    }),
    { numRuns: 500 },
  )
})

it('what may wait in the line, and beside it', async () => {
  const body = `${FAIR_SHARE_LUA}
for i, text in ipairs(ARGV) do ARGV[i] = tonumber(text) end
return may_wait(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]) and 1 or 0`
  const wait = fc.record({
    ...{ come: count, stay: count, own: count, parked: count, max: count },
    free: fc.integer({ min: -20, max: 120 }),
  })
  await fc.assert(
    fc.asyncProperty(wait, async (given) => {
      const { come, stay, own, parked, free, max } = given
      const may = (await client.eval(body, 0, come, stay, own, parked, free, max)) === 1
      expect(may).toBe(mayWait(given))
    }),
    { numRuns: 500 },
  )
})
