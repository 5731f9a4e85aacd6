// The seccomp profile in the words of an OCI runtime: nothing of it may be lost.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ociSeccomp } from '../../../src/engines/seccomp.ts'

const profile = JSON.parse(readFileSync('sandbox/seccomp.json', 'utf8'))

describe('the profile of the sandbox', () => {
  it.each([
    ['x64', 'SCMP_ARCH_X86_64'],
    ['arm64', 'SCMP_ARCH_AARCH64'],
  ])('has every rule on %s, and one architecture', (arch, architecture) => {
    const filter = ociSeccomp(profile, arch)
    expect(filter.architectures).toEqual([architecture])
    expect(filter.defaultAction).toBe('SCMP_ACT_ERRNO')
    expect(filter.defaultErrnoRet).toBe(1)
    const refused = ['inotify_init', 'inotify_init1']
    const rules = profile.syscalls.map(
      ({ comment: _, names, ...rule }: { comment?: string; names: string[] }) => ({
        names: names.filter((name) => !refused.includes(name)),
        ...rule,
      }),
    )
    const last = { names: refused, action: 'SCMP_ACT_ERRNO', errnoRet: 24 }
    expect(filter.syscalls).toEqual([...rules, last])
    expect(filter.syscalls.length).toBeGreaterThan(50)
  })

  it('is refused for a machine that it has no rules for', () => {
    expect(() => ociSeccomp(profile, 's390x')).toThrow('no rules for s390x')
  })
})

it.each([
  ['a condition', { includes: { caps: ['CAP_SYS_ADMIN'] } }],
  ['a version of the kernel', { includes: { minKernel: '4.8' } }],
])('%s is refused, because the runtime would not know it', (_, extra) => {
  const [first] = profile.syscalls
  const changed = { ...profile, syscalls: [{ ...first, ...extra }] }
  expect(() => ociSeccomp(changed, 'x64')).toThrow()
})
