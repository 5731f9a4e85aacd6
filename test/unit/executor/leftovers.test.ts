import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { isDead, ownerOfThisProcess } from '../../../src/engines/owner.ts'
import { Leftovers } from '../../../src/executor/leftovers.ts'

const SELF = ownerOfThisProcess()
/** Of a process of this machine that is no more: no process has started so early with this number. */
const DEAD = SELF.replace(/\d+$/, '1')
const STRANGER = 'elsewhere:pid:[1]/1/1'

/** The sweep over an engine that has these containers; `removed` is what it was told to remove. */
function sweeping(containers: { name: string; state: string; owner: string }[], known = ['known']) {
  const removed: string[] = []
  const leftovers = new Leftovers({
    engine: {
      list: async () => containers.filter(({ name }) => !removed.includes(name)),
      remove: async (name) => {
        removed.push(name)
        return 'removed'
      },
    },
    owner: SELF,
    isKnown: (name) => known.includes(name),
    ...{ ownMs: 40, strangersMs: 120, lookMs: 1_000_000, logger: pino({ level: 'silent' }) },
  })
  return { leftovers, removed }
}

const BOOT_ID = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

it.each([
  ['this process', SELF, false],
  ['one of this machine that has ended', DEAD, true],
  ['one with a number that nobody has', SELF.replace(/\/\d+\//, '/4194304/'), true],
  // Machines of one image have one name, and the first PID namespace of each kernel has the same number.
  ['one on another machine', DEAD.replace(BOOT_ID, '00000000-0000-4000-8000-000000000000'), false],
  ['one in another container', DEAD.replace(/pid:\[\d+\]/, 'pid:[4026532999]'), false],
])('knows whether %s has ended, as far as it can', (_, owner, ended) => {
  expect(isDead(owner)).toBe(ended)
})

it('has an owner that no other machine has', () => {
  expect(SELF).toContain(BOOT_ID)
})

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it.each(['created', 'running', 'exited', 'dead', 'removing'])(
  'removes a container of a dead server that is %s at the first look',
  async (state) => {
    const { leftovers, removed } = sweeping([{ name: 'left', state, owner: DEAD }])
    await leftovers.look()
    expect(removed).toEqual(['left'])
  },
)

it('removes one of its own that it does not know, when it has been there for a while', async () => {
  const { leftovers, removed } = sweeping([
    { name: 'left', state: 'created', owner: SELF },
    { name: 'known', state: 'running', owner: SELF },
  ])
  await leftovers.look()
  expect(removed).toEqual([])
  await pass(50)
  await leftovers.look()
  expect(removed).toEqual(['left'])
})

it('does not remove one that came into being between two looks', async () => {
  const containers = [{ name: 'first', state: 'created', owner: SELF }]
  const { leftovers, removed } = sweeping(containers)
  await leftovers.look()
  await pass(50)
  containers.splice(0, 1, { name: 'second', state: 'created', owner: SELF })
  await leftovers.look()
  expect(removed).toEqual([])
})

it('removes one of a server elsewhere that has not run for long, and none that runs', async () => {
  const { leftovers, removed } = sweeping([
    ...['created', 'exited', 'dead'].map((state) => ({ name: state, state, owner: STRANGER })),
    { name: 'running', state: 'running', owner: STRANGER },
  ])
  await leftovers.look()
  await pass(60)
  await leftovers.look()
  expect(removed).toEqual([])
  await pass(80)
  await leftovers.look()
  expect(removed.sort()).toEqual(['created', 'dead', 'exited'])
})

it('removes all of its own at the end, and nobody else’s', async () => {
  const { leftovers, removed } = sweeping([
    { name: 'known', state: 'running', owner: SELF },
    { name: 'left', state: 'created', owner: SELF },
    { name: 'other', state: 'created', owner: STRANGER },
  ])
  await leftovers.close()
  expect(removed.sort()).toEqual(['known', 'left'])
})
