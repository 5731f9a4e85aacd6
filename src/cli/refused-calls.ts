// Finds the system calls that a program was refused: its filter sends a signal for each, and a handler notes the number.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Linux' numbers of calls that libraries make and the filter refuses, by Node's name of the machine. */
const NUMBERS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    mincore: 27,
    ptrace: 101,
    personality: 135,
    mount: 165,
    umount2: 166,
    chroot: 161,
    settimeofday: 164,
    sethostname: 170,
    remap_file_pages: 216,
    mbind: 237,
    set_mempolicy: 238,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    unshare: 272,
    move_pages: 279,
    perf_event_open: 298,
    fanotify_init: 300,
    setns: 308,
    process_vm_readv: 310,
    process_vm_writev: 311,
    kcmp: 312,
    bpf: 321,
    userfaultfd: 323,
  },
  arm64: {
    umount2: 39,
    mount: 40,
    chroot: 51,
    personality: 92,
    unshare: 97,
    ptrace: 117,
    sethostname: 161,
    settimeofday: 170,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    mincore: 232,
    remap_file_pages: 234,
    mbind: 235,
    set_mempolicy: 237,
    move_pages: 239,
    perf_event_open: 241,
    fanotify_init: 262,
    setns: 268,
    process_vm_readv: 270,
    process_vm_writev: 271,
    kcmp: 272,
    bpf: 280,
    userfaultfd: 282,
  },
}

/** Numbers that are the same on all machines. */
const COMMON: Readonly<Record<string, number>> = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  fsopen: 430,
  process_madvise: 440,
  landlock_create_ruleset: 444,
  memfd_secret: 447,
}

/** Where the kernel keeps the result of the call that was interrupted, in bytes from the start of `ucontext_t`. */
const RESULT_OFFSET: Readonly<Record<string, number>> = { x64: 144, arm64: 184 }

/** What the line with the numbers begins with. */
const MARK = 'refused system calls:'

/**
 * A program that imports the modules among its arguments and prints the numbers of the calls that it was refused; each fails
 * with EPERM as under the ordinary filter. Undefined for a machine whose signal frames are not known here.
 */
export function tracingImport(arch: string = process.arch): string | undefined {
  const offset = RESULT_OFFSET[arch]
  if (offset === undefined) return undefined
  return `import ctypes, importlib, sys
Handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
class Action(ctypes.Structure):
    _fields_ = [("handler", Handler), ("mask", ctypes.c_ulong * 16), ("flags", ctypes.c_int), ("restorer", ctypes.c_void_p)]
refused = set()
def on_refusal(number, info, context):
    refused.add(ctypes.c_int.from_address(info + 24).value)
    ctypes.c_long.from_address(context + ${offset}).value = -1
SIGSYS, SA_SIGINFO, SA_NODEFER = 31, 4, 0x40000000
action = Action(Handler(on_refusal), flags=SA_SIGINFO | SA_NODEFER)
ctypes.CDLL(None).sigaction(SIGSYS, ctypes.byref(action), None)
try:
    for name in sys.argv[1:]:
        importlib.import_module(name)
except BaseException:
    pass
print("${MARK}", *sorted(refused))`
}

/** The names of the calls in the output of that program. */
export function refusedCalls(output: string, arch: string = process.arch): string[] {
  const line = output.split('\n').findLast((text) => text.startsWith(MARK)) ?? ''
  const names = new Map(
    Object.entries({ ...COMMON, ...NUMBERS[arch] }).map(([name, number]) => [number, name]),
  )
  const numbers = line.slice(MARK.length).split(' ').filter(Boolean).map(Number)
  return numbers.map((number) => names.get(number) ?? `number ${number}`)
}

/** Calls `task` with a file that has the profile `path`, but for a signal in place of an error. */
export async function withTracingProfile<T>(
  path: string,
  task: (path: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'seccomp-'))
  try {
    const { defaultErrnoRet: _, ...profile } = JSON.parse(readFileSync(path, 'utf8'))
    const file = join(folder, 'profile.json')
    writeFileSync(file, JSON.stringify({ ...profile, defaultAction: 'SCMP_ACT_TRAP' }))
    return await task(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
