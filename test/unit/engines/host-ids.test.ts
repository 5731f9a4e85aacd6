// Ranges of user numbers of the host: no two containers have the same, of two servers either.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HostIds } from '../../../src/engines/host-ids.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ids-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('gives no range twice, and has two numbers in each', () => {
  const [one, other] = [new HostIds(folder), new HostIds(folder)]
  const taken = Array.from({ length: 300 }, (_, index) => (index % 2 ? one : other).take('a'))
  const firsts = taken.map(({ firstHostId }) => firstHostId)
  expect(new Set(firsts).size).toBe(300)
  for (const first of firsts) expect((first - 1_879_048_192) % 2).toBe(0)
  expect(Math.min(...firsts)).toBeGreaterThanOrEqual(1_879_048_192)
  expect(Math.max(...firsts) + 1).toBeLessThan(2 ** 31)
})

it('gives a range back, and none that another container has by now', () => {
  const ids = new HostIds(folder)
  const { range } = ids.take('a')
  expect(readdirSync(folder)).toEqual([String(range)])
  ids.release(range, 'b')
  expect(readdirSync(folder)).toEqual([String(range)])
  ids.release(range, 'a')
  ids.release(range, 'a')
  expect(readdirSync(folder)).toEqual([])
})

it('says so if none is free', () => {
  for (let range = 0; range < 65_536; range += 1) writeFileSync(join(folder, String(range)), '')
  expect(() => new HostIds(folder).take('a')).toThrow('no free user numbers')
})
