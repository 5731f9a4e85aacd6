import { expect, it } from 'vitest'
import { listedContainer } from '../../../src/engines/docker-engine.ts'
import { OWNER_LABEL, ownerOfThisProcess } from '../../../src/engines/owner.ts'

const OWNER = 'host-1:pid:[4026531836]/4711/123456'
const FOUND = { name: 'box', state: 'created', owner: OWNER }

it.each([
  ['Docker', `created\t${OWNER_LABEL}=${OWNER}`],
  ['Docker, among others', `created\ta=1,${OWNER_LABEL}=${OWNER},z=2`],
  ['Podman', `Created\tmap[${OWNER_LABEL}:${OWNER}]`],
  ['Podman, among others', `Created\tmap[a:1 ${OWNER_LABEL}:${OWNER} z:2]`],
])('is read in the words of %s', (_, words) => {
  expect(listedContainer(`box\t${words}`)).toEqual(FOUND)
})

it('has the owner as the label says', () => {
  const owner = ownerOfThisProcess()
  expect(listedContainer(`box\trunning\t${OWNER_LABEL}=${owner}`)?.owner).toBe(owner)
})

it.each(['', 'box', 'box\tcreated', 'box\tcreated\ta=1', `\tcreated\t${OWNER_LABEL}=x`])(
  'is none where the line is %j',
  (line) => {
    expect(listedContainer(line)).toBeUndefined()
  },
)
