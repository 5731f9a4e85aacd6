// Differences under gVisor: the table of SECURITY.md, and the expectations of the corpus there.
//
// Seen with runsc 20221219 (Debian 12), platform ptrace.

/** Replaces the expectation in the first line of a program. */
type Difference = Readonly<Record<string, unknown>>

interface Kind {
  /** The difference, as in SECURITY.md. */
  what: string
  /** The consequence for operators and clients. */
  means: string
  programs: Readonly<Record<string, Difference>>
}

const ANY_END = ['ok', 'error', 'timeout', 'oom', 'killed']

/** The differences, by their cause. */
const GVISOR_KINDS: readonly Kind[] = [
  {
    what: 'One memory limit holds for all processes of a program together with gVisor itself. At the limit, the whole sandbox is killed.',
    means:
      'The server learns of a memory kill only from an event of the engine. If the engine sends none (2 of 30 times), the status is `killed` instead of `oom`. A child process that runs out of memory takes its parent with it. A program has about 40 MB less.',
    programs: {
      'd-child-eats-memory-parent-fails': { status: ['oom', 'killed'] },
      'd-child-eats-memory-parent-kills-itself': { status: ['oom', 'killed'] },
      'd-child-eats-memory-parent-succeeds': { status: ['oom', 'killed'] },
      'd-many-children-eat-memory': { status: ['oom', 'killed', 'ok'] },
      'd-memory-bomb': { status: ['oom', 'killed'] },
      'd-memory-bomb-gzip': { status: ['oom', 'killed'] },
      'd-memory-bomb-ignores-errors': { status: ['oom', 'killed'] },
      'd-memory-bomb-recursion': { status: ['oom', 'killed', 'error'] },
      'd-memory-bomb-replace': { status: ['oom', 'killed', 'error'] },
      'd-memory-in-anonymous-file': { status: ['oom', 'killed'] },
      'd-memory-in-files-and-heap': { status: ['oom', 'killed'] },
      'd-memory-limit-and-a-half': { status: ['oom', 'killed'] },
      'd-memory-eighty-percent': { status: ['ok', 'oom', 'killed'] },
      'd-shared-memory-too-large': { status: ANY_END },
      'e-fork-count': { status: ['oom', 'killed', 'ok', 'timeout'] },
    },
  },
  {
    what: 'The engine’s process limit also counts gVisor’s own threads, so the server sets it eight times as high. A program that reaches the limit ends the whole sandbox.',
    means:
      'A fork bomb or thread bomb ends as `timeout`, `oom` or `killed`. The host is not affected.',
    programs: {
      'e-fork-bomb': { status: ['timeout', 'oom', 'killed'], request: { timeoutSeconds: 2 } },
      'e-fork-bomb-in-sessions': { status: ['timeout', 'oom', 'killed'] },
      'e-thread-bomb': { status: ANY_END },
      'e-thread-bomb-in-c': { status: ANY_END },
      'e-vfork-bomb': { status: ANY_END },
      'd-memory-in-kernel-objects': { status: ANY_END },
    },
  },
  {
    what: 'This version has no subreapers: orphaned processes become children of process 1, which does not reap them.',
    means: 'Zombie processes stay until the run ends, and their CPU time is not counted.',
    programs: {
      'e-orphans-are-reaped': { status: ANY_END },
      'e-zombies': { status: ANY_END },
      'e-zombies-in-sessions': { status: ANY_END },
      'e-cpu-in-short-lived-children': { status: 'timeout' },
    },
  },
  {
    what: 'System calls and `/proc` are much slower.',
    means:
      'A program that makes very many system calls reaches its time limit before any other limit.',
    programs: {
      'b-endless-output': { status: ['output_limit', 'timeout'] },
      'b-endless-stderr': { status: ['output_limit', 'timeout'] },
      'f-fill-tmp-with-files': { status: ['timeout', 'error', 'oom', 'killed', 'ok'] },
      'd-memory-in-attributes': { status: ANY_END },
    },
  },
  {
    what: 'Processes of one user can open each other’s `/proc/PID/fd`, `maps` and `environ`. `mem` and `ptrace` are still refused.',
    means:
      'A program can write into the runner’s pipe to the server. It does not know the token, so the server treats such data as output or kills the container.',
    programs: {
      'b-forge-through-every-proc-path': { status: ['ok', 'killed'] },
      'b-write-to-the-runners-descriptors': { status: ['ok', 'killed'] },
      'b-take-the-runners-descriptors': { status: ['ok', 'error', 'killed'] },
      'f-hard-and-soft-links-out': { status: 'ok', outputMatches: '^\\[.*PATH=.*\\]$' },
      'h-trace-runner': { status: 'ok', outputMatches: '^(?!.*(ptrace|process_vm|mem))' },
    },
  },
  {
    what: 'A program can send signals to other processes of its user and change their limits.',
    means:
      'A program can end its own run, also through the limits of process 1 or the runner. The status is then `killed`.',
    programs: {
      'e-kill-init': { status: 'killed' },
      'e-limit-runner': { status: ['killed', 'ok'] },
      'e-limits-of-another-process': { status: ['killed', 'ok'] },
      'e-raise-limits': { status: 'ok' },
      'e-lower-its-own-oom-score': { status: ['error', 'oom', 'killed'] },
      'e-oom-score-of-the-runner': { status: ['oom', 'killed'] },
      'd-oom-score-below-zero': { status: ['ok', 'oom', 'killed'] },
      'e-pin-the-runner': { status: 'error' }, // it knows no sched_setparam
      'h-write-kernel-settings': {
        status: 'ok',
        outputMatches: "^(refused|\\['/proc/1/oom_score_adj'\\])$",
      },
    },
  },
  {
    what: 'gVisor is the program’s kernel. Our seccomp profile is not used, and namespaces, devices, netlink and `io_uring` are gVisor’s own.',
    means:
      'Some of these features work, but none of them reaches the host: a device node that a program creates leads to gVisor’s own device.',
    programs: {
      'f-devices-by-name': { status: 'ok' },
      'g-netlink': { status: 'ok' },
      'g-socket-families': { status: 'ok', outputMatches: '^(\\[1, 2, 10\\]|\\[\\(16, 3\\)\\])$' },
      'd-memory-in-huge-pages': { status: ['ok', 'error'] },
      'h-clone-with-namespaces': { status: 'ok' },
      'h-controls-of-terminals': { status: ['ok', 'error'] },
      'h-host-sockets-and-devices': {
        status: 'ok',
        outputMatches: "^(\\[('/dev/fuse'|'/dev/net/tun'|, )*\\]|none|\\[\\])",
      },
      'h-io-uring': { status: 'ok' },
      'h-locks-that-all-containers-see': { status: ['ok', 'error'] },
      'h-make-devices': { status: 'ok' },
      'h-mounts-are-read-only': {
        status: 'ok',
        output: "['/dev', '/dev/pts', '/dev/shm', '/proc', '/tmp']",
      },
      'h-namespaces': { status: 'ok' },
      'h-own-status': {
        status: 'ok',
        outputMatches:
          '^Uid (20\\d{3}) \\1 \\1 \\1\\nGid 65534 .*\\nCapInh 0\\nCapPrm 0\\nCapEff 0\\n',
      },
      'h-run-from-memory': { status: 'ok', outputMatches: '^20\\d{3} 0+ ' },
      'h-seccomp-listener': { status: 'ok' },
      'h-system-calls': { status: 'ok' },
      'h-personality': { status: 'ok' },
    },
  },
  {
    what: 'gVisor measures CPU time with its own clock, in steps of 10 ms, and counts every thread that is ready to run.',
    means: '`cpuMs` is approximate and can exceed the CPU quota. The quota itself is enforced.',
    programs: { 'e-all-cpus': { status: 'ok' } },
  },
  {
    what: 'Some system calls of newer kernels are missing, and `noexec` does not prevent mapping a library.',
    means:
      'A few programs fail that work under runc. Native code in `/tmp` can run, behind the same walls.',
    programs: {
      'a-operating-system-calls': { status: 'ok', outputMatches: '^(all worked|\\[.*\\])$' },
      'a-shell-tools': { status: ['ok', 'error'] },
      'f-load-library-from-tmp': { status: ['ok', 'error'] },
      'g-connect-uncaught': { status: 'error', error: 'OSError: [Errno 113] No route to host' },
    },
  },
]

/** The differences, by the name of the program. */
export const GVISOR_DIFFERENCES: Readonly<Record<string, Difference>> = Object.fromEntries(
  GVISOR_KINDS.flatMap(({ programs }) => Object.entries(programs)),
)

/** The table of SECURITY.md between its two markers, made anew. */
export function withGvisorTable(text: string): string {
  const rows = GVISOR_KINDS.map(
    ({ what, means, programs }) => `| ${what} | ${means} | ${Object.keys(programs).length} |\n`,
  )
  const head =
    '| what is different | consequence | corpus programs that end differently |\n| --- | --- | --- |\n'
  return text.replace(
    /<!-- gvisor -->[\s\S]*<!-- \/gvisor -->/,
    () => `<!-- gvisor -->\n${head}${rows.join('')}<!-- /gvisor -->`,
  )
}
