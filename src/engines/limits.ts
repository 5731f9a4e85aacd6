// Limits -> the argv of `docker run`. Pure data: what a container may do is this table and nothing else.

import { randomInt } from 'node:crypto'
import type { ReadOnlyMount } from '../config/mounts.ts'

/** What one container may use. None of them may be unlimited. */
export interface ContainerLimits {
  memoryBytes: number
  /** CPUs' worth of time. */
  cpus: number
  /** Processes and threads. */
  pids: number
  /** Size of the writable /tmp. */
  tmpBytes: number
  /** Files and folders in /tmp. */
  tmpInodes: number
  /** Size of /dev/shm, which multiprocessing needs. */
  shmBytes: number
  /** Files that one process may have open. */
  openFiles: number
  /** How long the container may live, waiting and running together, in seconds. */
  lifetimeSeconds: number
}

export interface ContainerSpec {
  /** What a request calls it. */
  environment: string
  image: string
  /** Whose command line it is: Podman knows most of Docker's flags, but not all. */
  client: 'docker' | 'podman'
  /** OCI runtime, as the engine knows it: `runsc`, `kata`, …; empty for the engine's own default. */
  runtime: string
  /** File with the seccomp profile; the `docker` command reads it at every start. */
  seccompProfile: string
  mounts: readonly ReadOnlyMount[]
  limits: ContainerLimits
  /** Labels of the container, by which leftovers are found. */
  labels: Record<string, string>
}

/** What one container has for itself. */
export interface ContainerIdentity {
  name: string
  /** User number; see `userIds`. */
  userId: number
}

interface FlagRow {
  flag: (spec: ContainerSpec, identity: ContainerIdentity) => readonly string[]
  why: string
}

/** Group `nogroup`: owns nothing in the image. */
const NOGROUP = 65_534

/**
 * Threads of the host for one of a program under gVisor, at most. With 64 for 64 it ended itself at the third process of
 * a program; with 512 the whole corpus runs.
 */
const GVISOR_THREADS = 8

/** How a folder in memory that programs may write to is mounted. */
const TMPFS_OPTIONS = 'rw,noexec,nosuid,nodev,mode=1777'

/** User numbers that the image calls `nobody` (sandbox/Dockerfile has the same two). Below 65536, which is all that a rootless engine has. */
const FIRST_USER_ID = 20_000
const USER_IDS = 1000

/** An address that is nobody's (RFC 5737): a name server that can not be reached, and tells nothing of the host's own. */
const NO_NAME_SERVER = '192.0.2.1'

/** Where the host's memory runs out, programs go before its services: half-way to the 1000 that the program itself has. */
const OOM_SCORE_ADJUSTMENT = '500'

/**
 * Swap of a container: a page. With none at all systemd is told of no limit, and when it has read its units again (`systemctl
 * daemon-reload`, as packages do) the next container that starts makes it write its own over that of every living one, which
 * is unlimited (cgroup v2).
 */
export const SWAP_BYTES = 4096

/** Every flag of `docker run`, and what would be possible without it. */
const FLAGS: readonly FlagRow[] = [
  { flag: () => ['--rm'], why: 'the engine removes the container when it ends' },
  { flag: () => ['--interactive'], why: 'the job comes over standard input' },
  { flag: () => ['--pull', 'never'], why: 'an image that is missing is an error, not a download' },
  { flag: () => ['--sig-proxy=false'], why: 'signals to the server are not the program’s' },
  {
    flag: () => ['--log-driver', 'none'],
    why: 'the engine would write all output to the host’s disk',
  },
  {
    flag: () => ['--network', 'none'],
    why: 'loopback only: nothing to attack, nothing to leak to',
  },
  {
    flag: ({ client }) =>
      client === 'podman' ? [] : ['--dns', NO_NAME_SERVER, '--dns-search', '.'],
    why: 'Docker copies the host’s name servers and domains into every container; Podman refuses this flag without a network',
  },
  {
    flag: ({ runtime }) => (runtime ? ['--runtime', runtime] : []),
    why: 'a second kernel between program and host, where the operator has one (gVisor, Kata)',
  },
  {
    flag: ({ limits }) => ['--memory', bytes(limits.memoryBytes)],
    why: 'one program would take all memory of the host',
  },
  {
    flag: ({ limits }) => ['--memory-swap', bytes(limits.memoryBytes + SWAP_BYTES)],
    why: 'memory and swap together: no swap to speak of, which would double it and wear the disk',
  },
  { flag: ({ limits }) => ['--cpus', String(limits.cpus)], why: 'runs would starve each other' },
  { flag: (spec) => ['--pids-limit', String(pidsLimit(spec))], why: 'fork and thread bombs' },
  {
    flag: ({ client }) => [
      '--read-only',
      ...(client === 'podman' ? ['--read-only-tmpfs=false'] : []),
    ],
    why: 'nothing in the image can be changed; Podman would add writable folders of its own',
  },
  {
    flag: (spec) => ['--tmpfs', `/tmp:${tmpOptions(spec)}`],
    why: 'the one place to write: bounded in bytes and files, in memory, gone afterwards',
  },
  {
    flag: ({ client, limits }) =>
      client === 'podman'
        ? ['--tmpfs', `/dev/shm:${TMPFS_OPTIONS},size=${limits.shmBytes}`]
        : ['--shm-size', bytes(limits.shmBytes)],
    why: 'Docker’s default is 64 MB, half of the memory; Podman 5 would mount it read-only, like the root',
  },
  { flag: () => ['--ipc', 'private'], why: 'no shared memory with other containers' },
  {
    flag: () => ['--cgroupns', 'private'],
    why: 'the default of cgroup v1 shows where in the host’s tree the container is',
  },
  {
    flag: ({ mounts }) => mounts.flatMap((mount) => ['--mount', mountOption(mount)]),
    why: 'data that the operator names; read-only, and nothing that is mounted below it',
  },
  {
    flag: (_, { userId }) => ['--user', `${userId}:${NOGROUP}`],
    why: 'root inside is one kernel bug from root outside; and what the kernel counts by user (watches, pipe memory, queued signals) one run could take from another',
  },
  { flag: () => ['--cap-drop', 'ALL'], why: 'no privilege of root, in parts either' },
  {
    flag: () => ['--security-opt', 'no-new-privileges'],
    why: 'setuid programs stay without effect',
  },
  {
    flag: ({ seccompProfile }) => ['--security-opt', `seccomp=${seccompProfile}`],
    why: 'the kernel’s system calls are its attack surface: those that Python needs, and no other',
  },
  {
    flag: () => ['--oom-score-adj', OOM_SCORE_ADJUSTMENT],
    why: 'where the host runs out of memory its own services are the last to go',
  },
  { flag: () => ['--ulimit', 'core=0'], why: 'a crash would write its memory to the host’s disk' },
  {
    flag: ({ limits }) => ['--ulimit', `nofile=${limits.openFiles}`],
    why: 'open files cost the kernel memory that no cgroup counts',
  },
  {
    flag: ({ limits }) => ['--ulimit', `fsize=${limits.memoryBytes}`],
    why: 'no file is larger than the memory it would be in: no sparse file of a petabyte either',
  },
  {
    flag: ({ limits }) => ['--ulimit', `nproc=${limits.pids * 4}`],
    why: 'a second limit of processes, by user; Podman’s own default is more than some hosts allow',
  },
  {
    flag: () => ['--ulimit', 'msgqueue=0'],
    why: 'POSIX message queues are kernel memory, and Docker mounts a folder to make them in',
  },
  {
    flag: ({ limits }) => ['--env', `PYTHON_CPU_COUNT=${wholeCpus(limits)}`],
    why: 'a pool sized by the host’s cores would hit the limit of processes',
  },
  ...['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'].map((name) => ({
    flag: ({ limits }: ContainerSpec) => ['--env', `${name}=${wholeCpus(limits)}`],
    why: 'numerical libraries start a thread for each core of the host',
  })),
  {
    flag: ({ labels }) =>
      Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    why: 'leftovers of a dead server are found by label',
  },
]

/**
 * User numbers for one container after another, from a random one on. Two containers share one only where a thousand
 * live at the same time, or by chance where several servers use one engine.
 */
export function* userIds(): Generator<number, never> {
  for (let next = randomInt(USER_IDS); ; next += 1) yield FIRST_USER_ID + (next % USER_IDS)
}

/** The arguments of the `docker` command that starts a container, by default with the runner in it. */
export function dockerRunArgs(
  identity: ContainerIdentity,
  spec: ContainerSpec,
  command: readonly string[] = runnerCommand(spec.limits),
): string[] {
  const { name } = identity
  const flags = FLAGS.flatMap((row) => row.flag(spec, identity))
  const lifetime = String(spec.limits.lifetimeSeconds)
  return [
    'run',
    '--name',
    name,
    ...flags,
    spec.image,
    init(spec),
    '--signal=KILL',
    lifetime,
    ...command,
  ]
}

/**
 * `timeout` is process 1: SIGKILL and SIGSTOP from inside do not reach it, and a signal that ends it ends the container.
 * It bounds the container's life even where server and engine are gone. Not every runtime can run the unreadable one.
 */
function init({ runtime }: ContainerSpec): string {
  return isGvisor(runtime) ? '/usr/lib/sandbox/timeout' : 'timeout'
}

/** Under gVisor the engine counts the threads of gVisor itself: several for each thread of the program. */
function pidsLimit({ limits, runtime }: ContainerSpec): number {
  return isGvisor(runtime) ? limits.pids * GVISOR_THREADS : limits.pids
}

/** Whether a runtime is gVisor, by the names under which its documentation registers it. */
export function isGvisor(runtime: string): boolean {
  return /^(runsc|gvisor)/.test(runtime)
}

/** `-I` keeps Python from reading anything but its library, `-u` loses no output of a program that is killed. */
function runnerCommand(limits: ContainerLimits): string[] {
  const runner = '/usr/lib/sandbox/runner.pyc'
  return ['python3', '-I', '-u', '-X', `cpu_count=${wholeCpus(limits)}`, runner]
}

/** Podman 4.3 has no option for the number of files; there they are bounded as memory only. */
function tmpOptions({ client, limits }: ContainerSpec): string {
  const options = `${TMPFS_OPTIONS},size=${limits.tmpBytes}`
  return client === 'podman' ? options : `${options},nr_inodes=${limits.tmpInodes}`
}

/** Submounts of the source are left out: Docker before 25 would mount them writable. */
function mountOption({ source, target }: ReadOnlyMount): string {
  return `type=bind,source=${source},target=${target},readonly,bind-nonrecursive`
}

function bytes(count: number): string {
  return `${count}b`
}

function wholeCpus({ cpus }: ContainerLimits): number {
  return Math.max(1, Math.ceil(cpus))
}
