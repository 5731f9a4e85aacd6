// The queue of webhooks in a real Redis: limits hold and nothing is lost, whatever comes in which order, twice, or never.

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { RunQueue } from '../../../src/queue/run-queue.ts'
import * as scripts from '../../../src/queue/webhook-scripts.ts'
import { CLIENT_SLOTS, HOST_SLOTS } from '../../../src/webhooks/attempt-slots.ts'
import { redisService, type Service } from '../../support/services.ts'
import { memoryLog } from '../../unit/support/app.ts'

/** A webhook of a client. */
interface Hook {
  id: string
  owner: string
  host: string
}

let service: Service
let queue: RunQueue
beforeAll(async () => {
  service = await redisService()
})
afterAll(() => service.remove())
beforeEach(() => {
  const { logger } = memoryLog()
  queue = new RunQueue({ url: service.url, prefix: randomUUID(), environments: [], logger })
})
afterEach(() => queue.close())

function openLine({ maxOpen = 10_000, lastWordMs = 600_000, maxHeldBytes = 1e9 } = {}) {
  return {
    open: async ({ id, owner, host }: Hook, bytes: number) => {
      const args = [id, owner, host, bytes, lastWordMs, maxOpen, maxHeldBytes]
      const [turn, isHeld] = await queue.run(scripts.open, ...args)
      return { turn, isHeld: isHeld === 1 }
    },
    release: (id: string) => queue.run(scripts.release, id),
    resume: async (id: string) => (await queue.run(scripts.resume, id)) === 1,
    close: (id: string) => queue.run(scripts.close, id),
    overdue: () => queue.run(scripts.overdue),
    unsure: (ageMs: number) => queue.run(scripts.unsure, ageMs),
    count: () => queue.redis.zcard(queue.key('hooks:open')),
  }
}

const hook = (id: string, owner = 'key:one', host = 'one.example'): Hook => ({ id, owner, host })
const ids = (hooks: readonly scripts.Hook[]) => hooks.map(([id]) => id)

async function opened(line: ReturnType<typeof openLine>, hooks: readonly Hook[], bytes = 0) {
  const turns: string[] = []
  for (const one of hooks) turns.push((await line.open(one, bytes)).turn)
  return turns
}

it('gives places of a host in the order in which its messages came', async () => {
  const line = openLine()
  const hooks = ['a', 'b', 'c', 'd'].map((id) => hook(id))
  expect(await opened(line, hooks)).toEqual(['queue', 'queue', 'wait', 'wait'])
  expect(ids(await line.close('b'))).toEqual(['c'])
  expect(ids(await line.release('a'))).toEqual(['d'])
  expect(await line.count()).toBe(3)
})

it('lets clients take turns at one host', async () => {
  const line = openLine()
  const own = Array.from({ length: 6 }, (_, n) => hook(`one-${n}`))
  await opened(line, [...own, hook('two-0', 'key:two'), hook('two-1', 'key:two')])
  const next: string[] = []
  for (const id of ['one-0', 'one-1', 'one-2', 'two-0']) next.push(...ids(await line.close(id)))
  expect(next).toEqual(['one-2', 'two-0', 'one-3', 'two-1'])
})

it('bounds a client over all hosts, and no other one', async () => {
  const line = openLine()
  const own = Array.from({ length: CLIENT_SLOTS + 2 }, (_, n) => hook(`${n}`, 'key:one', `h${n}`))
  const turns = await opened(line, own)
  expect(turns.filter((turn) => turn === 'queue')).toHaveLength(CLIENT_SLOTS)
  expect(await opened(line, [hook('other', 'key:two', 'h0')])).toEqual(['queue'])
  expect(ids(await line.close('3'))).toEqual([`${CLIENT_SLOTS}`])
})

it('takes an attempt that follows later when there is a place, before what came after it', async () => {
  const line = openLine()
  await opened(
    line,
    ['a', 'b', 'c', 'd'].map((id) => hook(id)),
  )
  await line.release('a')
  expect(await line.resume('a')).toBe(false)
  expect(await line.resume('a')).toBe(false)
  expect(ids(await line.close('b'))).toEqual(['a'])
  expect(await line.resume('a')).toBe(true)
  expect(ids(await line.close('c'))).toEqual(['d'])
})

it('says the same of the same one again, and nothing twice', async () => {
  const line = openLine()
  await opened(
    line,
    ['a', 'b', 'c'].map((id) => hook(id)),
  )
  expect(
    await opened(
      line,
      ['a', 'c'].map((id) => hook(id)),
    ),
  ).toEqual(['queue', 'wait'])
  expect(ids(await line.close('a'))).toEqual(['c'])
  expect(await line.close('a')).toEqual([])
  expect(await line.release('a')).toEqual([])
  expect(await line.count()).toBe(2)
})

it('leaves room for other clients, in number and in bytes', async () => {
  const line = openLine({ maxOpen: 20, maxHeldBytes: 1000 })
  const own = await Promise.all(Array.from({ length: 20 }, (_, n) => line.open(hook(`${n}`), 100)))
  expect(own.filter(({ turn }) => turn !== 'full')).toHaveLength(18)
  expect(own.filter(({ isHeld }) => isHeld)).toHaveLength(9)
  expect(await line.open(hook('other', 'key:two'), 90)).toEqual({ turn: 'wait', isHeld: true })
})

it('ends what took too long, each for one caller, and lets others go on', async () => {
  const [short, line] = [openLine({ lastWordMs: 0 }), openLine()]
  await opened(
    short,
    ['a', 'b'].map((id) => hook(id)),
    10,
  )
  await opened(line, [hook('c')])
  const both = await Promise.all([line.overdue(), line.overdue()])
  expect(both.flatMap(([over]) => ids(over)).toSorted()).toEqual(['a', 'b'])
  expect(both.flatMap(([, next]) => ids(next))).toEqual(['c'])
})

it.each([
  ['in any order', 7, 0],
  ['where calls come twice and replies are lost', 8, 0.2],
])('keeps its bounds, loses nothing and leaves nothing behind, %s', async (_, seed, faults) => {
  const line = openLine({ maxHeldBytes: 2000 })
  const random = numbers(seed)
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T
  const all = new Map<string, Hook>()
  const jobs = new Set<string>() // handed out, and not over
  const later = new Set<string>() // an attempt is to follow
  const told = new Set<string>()
  /** Calls once or twice. Undefined where the reply to the first call is lost. */
  const call = async <T>(one: () => Promise<T>): Promise<T | undefined> => {
    const reply = await one()
    if (random() < faults) await one()
    return random() < faults ? undefined : reply
  }
  const queued = (hooks: readonly scripts.Hook[] = []) => {
    for (const [id, host] of hooks) {
      expect(host).toBe(all.get(id)?.host)
      expect(jobs.has(id)).toBe(false)
      later.delete(id)
      jobs.add(id)
    }
  }
  const step = async (action: number) => {
    if (action < 4 && all.size < 300) {
      const one = hook(
        `${all.size}`,
        `key:${Math.floor(random() * 4)}`,
        `h${Math.floor(random() * 9)}`,
      )
      all.set(one.id, one)
      const bytes = Math.floor(random() * 300)
      if ((await call(() => line.open(one, bytes)))?.turn === 'queue') queued([[one.id, one.host]])
    } else if (action < 7 && jobs.size > 0) {
      const id = pick([...jobs])
      jobs.delete(id)
      told.add(id)
      queued(await call(() => line.close(id)))
    } else if (action < 9 && jobs.size > 0) {
      const id = pick([...jobs])
      jobs.delete(id)
      later.add(id)
      queued(await call(() => line.release(id)))
    } else if (later.size > 0) {
      const id = pick([...later])
      later.delete(id)
      const mayGo = await call(() => line.resume(id))
      if (mayGo) jobs.add(id)
      else if (mayGo === undefined) later.add(id) // its server is lost: it is handed out again
    }
    // What is admitted and has no job gets one.
    for (const [id, host, state] of faults > 0 ? await line.unsure(-1) : []) {
      if (state === 'admitted' && !jobs.has(id)) queued([[id, host]])
    }
    const working = [...jobs].map((id) => all.get(id) as Hook)
    for (const { owner, host } of working) {
      expect(working.filter((other) => other.host === host).length).toBeLessThanOrEqual(HOST_SLOTS)
      const own = working.filter((other) => other.owner === owner)
      expect(own.length).toBeLessThanOrEqual(CLIENT_SLOTS)
    }
  }
  for (let n = 0; n < 1500; n += 1) await step(Math.floor(random() * 10))
  while (jobs.size + later.size > 0) await step(4 + Math.floor(random() * 3) + (jobs.size ? 0 : 5))
  expect(told.size).toBe(all.size)
  expect(await line.count()).toBe(0)
  expect(await queue.redis.keys(queue.key('*'))).toEqual([queue.key('hooks:turn')])
})

/** Numbers from 0 to 1 that are the same each time (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
