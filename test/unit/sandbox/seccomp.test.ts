// sandbox/seccomp.json: an allow-list, and what must never be on it.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const argumentSchema = z.strictObject({
  index: z.number(),
  value: z.number(),
  valueTwo: z.number().optional(),
  op: z.enum(['SCMP_CMP_EQ', 'SCMP_CMP_MASKED_EQ']),
})
type Argument = z.output<typeof argumentSchema>

const ruleSchema = z.strictObject({
  comment: z.string().min(20).optional(),
  names: z.array(z.string()).min(1),
  action: z.enum(['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO']),
  errnoRet: z.number().optional(),
  args: z.array(argumentSchema).optional(),
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
/** Whether the profile lets a call with these arguments through. */
function permits(name: string, ...values: number[]): boolean {
  return allowing.some(({ names, args = [] }) => {
    return names.includes(name) && args.every((arg) => holds(arg, BigInt(values[arg.index] ?? 0)))
  })
}

function holds({ op, value, valueTwo = 0 }: Argument, given: bigint): boolean {
  const register = BigInt.asUintN(64, given)
  return op === 'SCMP_CMP_EQ'
    ? register === BigInt(value)
    : (register & BigInt(value)) === BigInt(valueTwo)
}

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
    'sched_setaffinity',
    'sched_setparam',
    'mmap',
    'memfd_create',
    'fcntl',
    'ioctl',
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

  it.each(['prlimit64', 'sched_setaffinity', 'sched_setparam'])('%s of the caller', (name) => {
    expect(permits(name, 0)).toBe(true)
    for (const process of [1, 2, -1, 2 ** 32]) expect(permits(name, process)).toBe(false)
  })

  it('memory without huge pages of the host', () => {
    const [MAP_ANONYMOUS, MAP_HUGETLB, MAP_HUGE_2MB] = [0x22, 0x4_0000, 21 << 26]
    expect(permits('mmap', 0, 4096, 3, MAP_ANONYMOUS)).toBe(true)
    expect(permits('mmap', 0, 4096, 3, MAP_ANONYMOUS | MAP_HUGETLB)).toBe(false)
    expect(permits('mmap', 0, 4096, 3, MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB)).toBe(false)
    for (const flags of [0, 1, 2, 3, 8]) expect(permits('memfd_create', 0, flags)).toBe(true)
    for (const flags of [4, 5, 0xc]) expect(permits('memfd_create', 0, flags)).toBe(false)
  })

  const withHighBits = (number: number) => [number, number + 2 ** 32, number - 2 ** 32]

  it.each([
    ...[0x5401, 0x5404, 0x540e, 0x5410, 0x5413, 0x5414, 0x541b, 0x5421, 0x5422, 0x5429],
    ...[0x5441, 0x5450, 0x5451, 0x5452, 0x5460, 0x8004_5430, 0x4004_5431, 0x802c_542a],
    ...[0x402c_542b, 0x402c_542c, 0x402c_542d, 0x8912, 0x8946, 0x4004_9409],
  ])('ioctl, with %i', (request) => {
    for (const number of withHighBits(request)) expect(permits('ioctl', 0, number)).toBe(true)
  })

  it.each([
    ...[0x5412, 0x541c, 0x541d, 0x541f, 0x5423, 0x5437, 0x5600, 0x4b3a, 0x4c00, 0x1272, 0],
    ...[0xae00, 0xc020_660b, 0x8004_5200, 0x5480, 0x53ff, 0x88ff, 0x8a00],
  ])('ioctl, without %i', (request) => {
    for (const number of withHighBits(request)) expect(permits('ioctl', 0, number)).toBe(false)
  })

  it('fcntl without locks that every container sees, leases and notices', () => {
    for (const command of [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 1030, 1031, 1032, 1033, 1034]) {
      expect(permits('fcntl', 0, command)).toBe(true)
    }
    for (const command of [17, 36, 37, 38, 1024, 1025, 1026, 1027, 1029, 1036].flatMap(
      withHighBits,
    )) {
      expect(permits('fcntl', 0, command)).toBe(false)
    }
  })
})
