// Ranges of user numbers of the host: no two containers have the same, of two servers either.

import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
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
  const taken = Array.from({ length: 300 }, (_, index) =>
    (index % 2 ? one : other).take(`box-${index}`),
  )
  expect(new Set(taken).size).toBe(300)
  for (const first of taken) expect((first - 1_879_048_192) % 2).toBe(0)
  expect(Math.min(...taken)).toBeGreaterThanOrEqual(1_879_048_192)
  expect(Math.max(...taken) + 1).toBeLessThan(2 ** 31)
})

it('takes the ids of a user namespace', () => {
  const ids = new HostIds(folder, { first: 1, count: 5 })
  expect([ids.take('a'), ids.take('b')].sort()).toEqual([1, 3])
  expect(() => ids.take('c')).toThrow('no free user numbers')
})

it('gives a range back, and none of another container', () => {
  const ids = new HostIds(folder)
  ids.take('a')
  ids.take('b')
  expect(ids.holders().sort()).toEqual(['a', 'b'])
  ids.release('a')
  ids.release('a')
  expect(ids.holders()).toEqual(['b'])
})

it('gives back the range of a server that is gone, whose container it never took', () => {
  new HostIds(folder).take('a')
  const next = new HostIds(folder)
  next.take('b')
  next.release('a')
  expect(next.holders()).toEqual(['b'])
})

it('says so if none is free', () => {
  for (let range = 0; range < 65_536; range += 1) symlinkSync('b', join(folder, String(range)))
  expect(() => new HostIds(folder).take('a')).toThrow('no free user numbers')
})
