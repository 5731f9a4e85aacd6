// sandbox/seccomp.json: an allow-list, and what must never be on it.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const ruleSchema = z.strictObject({
  comment: z.string().min(20).optional(),
  names: z.array(z.string()).min(1),
  action: z.enum(['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO']),
  errnoRet: z.number().optional(),
  args: z
    .array(
      z.strictObject({
        index: z.number(),
        value: z.number(),
        valueTwo: z.number().optional(),
        op: z.enum(['SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ']),
      }),
    )
    .optional(),
})
const profileSchema = z.strictObject({
  defaultAction: z.string(),
  defaultErrnoRet: z.number(),
  archMap: z.array(
    z.strictObject({ architecture: z.string(), subArchitectures: z.array(z.string()) }),
  ),
  syscalls: z.array(ruleSchema),
})

const profile = profileSchema.parse(JSON.parse(readFileSync('sandbox/seccomp.json', 'utf8')))
const allowing = profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
const allowed = new Set(allowing.flatMap(({ names }) => names))
const always = new Set(allowing.filter(({ args }) => !args).flatMap(({ names }) => names))

it('denies what it does not name, and 32-bit calls altogether', () => {
  expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO')
  expect(profile.defaultErrnoRet).toBe(1)
  for (const { subArchitectures } of profile.archMap) expect(subArchitectures).toEqual([])
})

it('says why, for every group', () => {
  expect(profile.syscalls[0]?.comment).toBeDefined()
  for (const [index, rule] of profile.syscalls.entries()) {
    // Rules that go on with the group of the one before have its comment.
    const before = profile.syscalls[index - 1]
    if (!rule.comment) expect(rule.args, rule.names.join()).toBeDefined()
    if (!rule.comment) expect(before?.action).toBe(rule.action)
  }
})

it('names no call twice without a condition', () => {
  const names = allowing.filter(({ args }) => !args).flatMap((rule) => rule.names)
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
})

it('allows fewer calls than the 291 that Docker’s own profile allows on x86-64 (and 343 of 32 bits)', () => {
  expect(allowed.size).toBeLessThan(260)
})

describe('does not allow', () => {
  it.each([
    ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'ptrace', 'process_vm_readv'],
    ...['process_vm_writev', 'kcmp', 'pidfd_getfd', 'process_madvise', 'keyctl', 'add_key'],
    ...['request_key', 'bpf', 'perf_event_open', 'userfaultfd', 'mount', 'umount', 'umount2'],
    ...['pivot_root', 'chroot', 'move_mount', 'fsopen', 'fsmount', 'fsconfig', 'fspick'],
    ...['open_tree', 'mount_setattr', 'unshare', 'setns', 'clone3', 'kexec_load'],
    ...['kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'name_to_handle_at'],
    ...['open_by_handle_at', 'seccomp', 'swapon', 'swapoff', 'reboot', 'sethostname'],
    ...['setdomainname', 'settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'acct'],
    ...['quotactl', 'syslog', 'iopl', 'ioperm', 'modify_ldt', 'lookup_dcookie', 'vhangup'],
    ...['fanotify_init', 'shmget', 'msgget', 'semget', 'mq_open', 'vmsplice', 'tee', 'mincore'],
    ...['remap_file_pages', 'memfd_secret', 'io_setup', 'ioprio_set', 'sched_setattr'],
    ...['move_pages', 'migrate_pages', 'set_mempolicy', 'mbind', 'nfsservctl', 'uselib', 'ustat'],
  ])('%s', (name) => {
    expect(allowed).not.toContain(name)
  })
})

describe('allows only in part', () => {
  it.each([
    'clone',
    'socket',
    'socketpair',
    'prlimit64',
    'prctl',
    'personality',
    'mknod',
    'mknodat',
    'setpriority',
    'sched_setscheduler',
  ])('%s', (name) => {
    expect(allowed).toContain(name)
    expect(always).not.toContain(name)
  })

  it('sockets of three families, none of them raw', () => {
    const rules = allowing.filter(({ names }) => names.includes('socket'))
    for (const { args = [] } of rules) {
      const [family, kind] = args
      expect([1, 2, 10]).toContain(family?.value)
      expect(family?.op).toBe('SCMP_CMP_EQ')
      expect(kind).toMatchObject({ index: 1, value: 0xf, op: 'SCMP_CMP_MASKED_EQ' })
      expect([1, 2, 5]).toContain(kind?.valueTwo)
    }
  })

  it('threads and processes without a new namespace', () => {
    const [rule, ...others] = allowing.filter(({ names }) => names.includes('clone'))
    expect(others).toEqual([])
    expect(rule?.args).toEqual([
      { index: 0, value: 0x7e02_0000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
    ])
  })
})
