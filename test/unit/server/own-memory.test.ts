// What a server needs for itself, and what it says where it does not have that.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { ownNeed, warnOfSmallCgroup } from '../../../src/server/own-memory.ts'
import { memoryLog } from '../support/app.ts'

const MEBIBYTE = 2 ** 20
const machine = (cores: number) => ({ cores, memoryBytes: 512 * 1024 * MEBIBYTE })
const needOf = (cores: number, settings: Record<string, string> = {}) =>
  ownNeed(parseConfig(settings, machine(cores)))

describe('the need', () => {
  it('is more where more containers may be', () => {
    const [small, large] = [needOf(2), needOf(48)]
    expect([small.containers, large.containers]).toEqual([10, 194])
    expect(small.memoryBytes).toBeLessThan(700 * MEBIBYTE)
    expect(large.memoryBytes).toBeGreaterThan(2048 * MEBIBYTE)
    const data = needOf(48, { ENVIRONMENTS: 'python,data' })
    expect(data.containers - large.containers).toBe(48)
    expect(data.memoryBytes - large.memoryBytes).toBe(48 * 8 * MEBIBYTE)
    expect(data.tasks - large.tasks).toBe(48 * 16)
  })

  it('follows what the settings bound', () => {
    const more = (settings: Record<string, string>) =>
      (needOf(2, settings).memoryBytes - needOf(2).memoryBytes) / MEBIBYTE
    expect(more({ MAX_RESULTS_MB: '128' })).toBe(64)
    expect(more({ MAX_BODY_BYTES: String(4 * MEBIBYTE) })).toBe(64)
    expect(more({ POOL_SIZE: '5' })).toBe(8)
  })

  it('has no container where workers have them', () => {
    const settings = { EXECUTOR: 'queue', REDIS_URL: 'redis://localhost' }
    expect(needOf(48, settings).containers).toBe(0)
    expect(needOf(48, settings).memoryBytes).toBe(needOf(2, settings).memoryBytes)
  })
})

describe('the warning', () => {
  const config = parseConfig({}, machine(48))
  const { memoryBytes } = ownNeed(config)
  const told = (limit: number | undefined) => {
    const { logger, lines } = memoryLog()
    warnOfSmallCgroup(config, logger, limit)
    return lines.map((line) => JSON.parse(line))
  }

  it('comes where the cgroup has less than that, with both numbers', () => {
    expect(told(1024 * MEBIBYTE)).toEqual([
      expect.objectContaining({
        ...{ level: 40, limitMb: 1024, needMb: Math.ceil(memoryBytes / MEBIBYTE) },
        ...{ containers: 194, msg: expect.stringContaining('MAX_RUNNING and POOL_SIZE') },
      }),
    ])
    expect(told(memoryBytes - 1)).toHaveLength(1)
  })

  it('does not come where it has enough', () => {
    expect(told(memoryBytes)).toEqual([])
  })
})
