// Rates in a real Redis: counted together, and by each server alone while Redis is away, slow or back again.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RedisRateLimiter } from '../../src/rate-limiter/redis-rate-limiter.ts'
import { eventually } from '../support/docker.ts'
import { redisService, type Service } from '../support/services.ts'
import { memoryLog } from '../unit/support/app.ts'

const PREFIX = 'one'
const POLICY = { requests: 3, windowSeconds: 60 }

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

let log: ReturnType<typeof memoryLog>
let servers: RedisRateLimiter[]
let client: string
let clients = 0
beforeEach(async () => {
  log = memoryLog()
  servers = [1, 2].map(() => new RedisRateLimiter(redis.url, log.logger, PREFIX))
  clients += 1
  client = `client-${clients}`
  await eventually('both are connected', 5000, async () => {
    for (const server of servers) await server.count(`warm-${clients}`, POLICY)
    return servers.every(({ isShared }) => isShared)
  })
  log.lines.length = 0
})
afterEach(() => {
  for (const server of servers) server.close()
})

const server = (index: number) => servers[index] as RedisRateLimiter
const isOver = async (index: number) => (await server(index).count(client, POLICY)).isOver
const said = () => log.lines.map((line) => JSON.parse(line).msg)

describe('two servers', () => {
  it('count one client together, and say the same of it', async () => {
    expect([await isOver(0), await isOver(1), await isOver(0)]).toEqual([false, false, false])
    expect([await isOver(1), await isOver(0)]).toEqual([true, true])
    const state = await server(1).count(client, POLICY)
    expect(state).toMatchObject({ isOver: true, remaining: 0 })
    expect(state.resetMs).toBeGreaterThan(50_000)
  })

  it('count at once what comes at once', async () => {
    const over = await Promise.all(Array.from({ length: 10 }, (_, n) => isOver(n % 2)))
    expect(over.filter((one) => !one)).toHaveLength(3)
  })

  it('give back together', async () => {
    for (let n = 0; n < 10; n += 1) {
      const state = await server(n % 2).count(client, POLICY)
      expect(state.isOver).toBe(false)
      await state.giveBack()
    }
  })

  it('count other policies apart', async () => {
    for (let n = 0; n < 4; n += 1) await isOver(0)
    const other = { requests: 1, windowSeconds: 10 }
    expect((await server(0).count(client, other)).isOver).toBe(false)
    expect((await server(1).count(client, other)).isOver).toBe(true)
  })
})

it('two deployments in one Redis count apart', async () => {
  const other = new RedisRateLimiter(redis.url, log.logger, 'two')
  try {
    await eventually('it is connected', 5000, async () => {
      await other.count(`warm-${clients}`, POLICY)
      return other.isShared
    })
    for (let n = 0; n < 4; n += 1) await isOver(0)
    expect(await isOver(1)).toBe(true)
    expect(await other.count(client, POLICY)).toMatchObject({ isOver: false, remaining: 2 })
    expect(other.isShared && server(0).isShared).toBe(true)
  } finally {
    other.close()
  }
})

describe('without Redis', () => {
  it('each counts alone, says so once, and together again when it is back', async () => {
    for (let n = 0; n < 4; n += 1) await isOver(0)
    await redis.stop()
    try {
      for (const index of [0, 1]) {
        const over = [await isOver(index), await isOver(index), await isOver(index)]
        expect([...over, await isOver(index)]).toEqual([false, false, false, true])
        expect(server(index).isShared).toBe(false)
      }
      expect(said().filter((one) => one.startsWith('Redis is away'))).toHaveLength(2)
    } finally {
      await redis.start()
    }
    await eventually('they count together', 10_000, async () => {
      await isOver(0)
      await isOver(1)
      return servers.every(({ isShared }) => isShared)
    })
    expect(said().filter((one) => one.startsWith('Redis is back'))).toHaveLength(2)
  })

  it('nothing is given back to who did not count it', async () => {
    const inRedis = await server(0).count(client, POLICY)
    await redis.stop()
    const inMemory = await server(0).count(client, POLICY)
    await inRedis.giveBack() // gone with Redis
    expect(server(0).isShared).toBe(false)
    await redis.start()
    await eventually('it counts in Redis', 10_000, () => server(0).isShared)
    for (let n = 0; n < 3; n += 1) expect(await isOver(0)).toBe(false)
    await inMemory.giveBack()
    expect(await isOver(0)).toBe(true)
  })

  it('that hangs costs a quarter of a second now and then, and not each time', async () => {
    process.kill(redis.pid(), 'SIGSTOP')
    try {
      const startMs = performance.now()
      for (let n = 0; n < 50; n += 1) await isOver(0)
      expect(performance.now() - startMs).toBeLessThan(900)
      expect(server(0).isShared).toBe(false)
    } finally {
      process.kill(redis.pid(), 'SIGCONT')
    }
    await eventually('it counts in Redis', 10_000, async () => {
      await isOver(0)
      return server(0).isShared
    })
  })

  it('from the start serves all the same', async () => {
    const { logger, lines } = memoryLog()
    const alone = new RedisRateLimiter('redis://127.0.0.1:9', logger, PREFIX)
    try {
      const over: boolean[] = []
      for (let n = 0; n < 4; n += 1) over.push((await alone.count(client, POLICY)).isOver)
      expect(over).toEqual([false, false, false, true])
      expect(lines).toHaveLength(1)
    } finally {
      alone.close()
    }
  })
})
