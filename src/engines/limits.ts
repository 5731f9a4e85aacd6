// Limits -> the argv of `docker run`, or the config.json of an OCI runtime. Pure data: what a container may do is this table
// and nothing else.

import { randomInt } from 'node:crypto'
import type { ReadOnlyMount } from '../config/mounts.ts'
import {
  CAPABILITY_SETS,
  mergeParts,
  type OciConfig,
  type OciIdMapping,
  type OciMount,
  type OciPart,
  type OciSeccomp,
} from './oci-config.ts'

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

/** The same under an OCI runtime, where each container has a user namespace. */
export interface OciIdentity extends ContainerIdentity {
  /** First of the HOST_IDS user and group numbers of the host that no other container has. */
  firstHostId: number
}

/** Ids of the host for a container: one for the root of its namespace, which sets it up, one for the program. */
export const HOST_IDS = 2

/** What an OCI runtime needs besides: all of it is the same for every container of an image. */
export interface OciImage {
  /** Folder of the unpacked file system. */
  rootfs: string
  /** Environment variables of the image, `NAME=value`. */
  env: readonly string[]
  /** Working directory. */
  cwd: string
  seccomp: OciSeccomp
  /** Paths to hide with binds of the container's own; see `pathsToBind`. */
  boundMasks: readonly BoundMask[]
}

/** A path of /proc or /sys that is hidden by a bind. */
export interface BoundMask {
  path: string
  isFolder: boolean
}

/** One limit, in the words of both ways to start a container. A row without one of them says in `why` who does it there. */
interface LimitRow {
  docker?: (spec: ContainerSpec, identity: ContainerIdentity) => readonly string[]
  oci?: (spec: ContainerSpec, identity: OciIdentity, image: OciImage) => OciPart
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

/** Quota and period of the CPU controller, in microseconds: the same that Docker makes of `--cpus`. */
const CPU_PERIOD_US = 100_000

/** Cgroup above those of all containers, in every hierarchy. */
export const CGROUP_PARENT = 'safe-code-executor'

/** Signals that may be queued for a program: many more than programs use, and a hundredth of what a host allows a user. */
const QUEUED_SIGNALS = 256

/** As many digits of the container's name are its host name: as many as Docker takes of its id. */
const HOSTNAME_CHARS = 12

/** The defaults of Docker. */
const MASKED_PATHS = [
  ...['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys'],
  ...['/proc/latency_stats', '/proc/sched_debug', '/proc/scsi', '/proc/timer_list'],
  ...['/proc/timer_stats', '/sys/devices/virtual/powercap', '/sys/firmware'],
]
/** A folder of the image with nothing in it; set-up makes it. */
const EMPTY_FOLDER = 'dev/mqueue'
const READ_ONLY_PATHS = [
  ...['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  // On cgroup v1 crun puts a folder in memory there that everyone may write to.
  '/sys/fs/cgroup',
]

/** Variables that rows of the table set; an image does not override them. */
const LIMITED_VARIABLES =
  /^(PYTHON_CPU_COUNT|OMP_NUM_THREADS|OPENBLAS_NUM_THREADS|MKL_NUM_THREADS)=/

/** Every limit, and what would be possible without it. */
const LIMITS: readonly LimitRow[] = [
  { docker: () => ['--rm'], why: 'the engine removes the container when it ends' },
  { docker: () => ['--interactive'], why: 'the job comes over standard input' },
  {
    docker: () => ['--pull', 'never'],
    why: 'an image that is missing is an error, not a download',
  },
  { docker: () => ['--sig-proxy=false'], why: 'signals to the server are not the program’s' },
  {
    docker: () => ['--log-driver', 'none'],
    why: 'the engine would write all output to the host’s disk',
  },
  {
    docker: () => ['--network', 'none'],
    oci: () => namespace('network'),
    why: 'loopback only: nothing to attack, nothing to leak to',
  },
  {
    docker: ({ client }) =>
      client === 'podman' ? [] : ['--dns', NO_NAME_SERVER, '--dns-search', '.'],
    why: 'Docker copies the host’s name servers and domains into every container; Podman refuses this flag without a network',
  },
  {
    docker: ({ runtime }) => (runtime ? ['--runtime', runtime] : []),
    why: 'a second kernel between program and host, where the operator has one (gVisor, Kata)',
  },
  {
    docker: ({ limits }) => ['--memory', bytes(limits.memoryBytes)],
    oci: ({ limits }) => ({ linux: { resources: { memory: { limit: limits.memoryBytes } } } }),
    why: 'one program would take all memory of the host',
  },
  {
    docker: ({ limits }) => ['--memory-swap', bytes(limits.memoryBytes + SWAP_BYTES)],
    oci: ({ limits }) => ({
      linux: { resources: { memory: { swap: limits.memoryBytes + SWAP_BYTES } } },
    }),
    why: 'memory and swap together: no swap to speak of, which would double it and wear the disk',
  },
  {
    docker: ({ limits }) => ['--cpus', String(limits.cpus)],
    oci: ({ limits }) => ({
      linux: {
        resources: {
          cpu: { quota: Math.round(limits.cpus * CPU_PERIOD_US), period: CPU_PERIOD_US },
        },
      },
    }),
    why: 'runs would starve each other',
  },
  {
    docker: (spec) => ['--pids-limit', String(pidsLimit(spec))],
    oci: ({ limits }) => ({ linux: { resources: { pids: { limit: limits.pids } } } }),
    why: 'fork and thread bombs',
  },
  {
    docker: ({ client }) => [
      '--read-only',
      ...(client === 'podman' ? ['--read-only-tmpfs=false'] : []),
    ],
    oci: (_spec, _identity, { rootfs }) => ({ root: { path: rootfs, readonly: true } }),
    why: 'nothing in the image can be changed; Podman would add writable folders of its own',
  },
  {
    docker: (spec) => ['--tmpfs', `/tmp:${tmpOptions(spec)}`],
    oci: (spec) => mount('/tmp', 'tmpfs', tmpOptions(spec)),
    why: 'the one place to write: bounded in bytes and files, in memory, gone afterwards',
  },
  {
    docker: ({ client, limits }) =>
      client === 'podman'
        ? ['--tmpfs', `/dev/shm:${TMPFS_OPTIONS},size=${limits.shmBytes}`]
        : ['--shm-size', bytes(limits.shmBytes)],
    oci: ({ limits }) => mount('/dev/shm', 'tmpfs', `${TMPFS_OPTIONS},size=${limits.shmBytes}`),
    why: 'Docker’s default is 64 MB, half of the memory; Podman 5 would mount it read-only, like the root',
  },
  {
    docker: () => ['--ipc', 'private'],
    oci: () => namespace('ipc'),
    why: 'no shared memory with other containers',
  },
  {
    docker: () => ['--cgroupns', 'private'],
    oci: () => namespace('cgroup'),
    why: 'the default of cgroup v1 shows where in the host’s tree the container is',
  },
  {
    docker: ({ mounts }) => mounts.flatMap((mount) => ['--mount', mountOption(mount)]),
    oci: ({ mounts }) => ({ mounts: mounts.map(bindMount) }),
    why: 'data that the operator names; read-only, and nothing that is mounted below it',
  },
  {
    docker: (_, { userId }) => ['--user', `${userId}:${NOGROUP}`],
    oci: (_, { userId }) => ({ process: { user: { uid: userId, gid: NOGROUP } } }),
    why: 'root inside is one kernel bug from root outside; and what the kernel counts by user (watches, pipe memory, queued signals) one run could take from another',
  },
  {
    docker: () => ['--cap-drop', 'ALL'],
    oci: () => ({
      process: { capabilities: Object.fromEntries(CAPABILITY_SETS.map((set) => [set, []])) },
    }),
    why: 'no privilege of root, in parts either',
  },
  {
    docker: () => ['--security-opt', 'no-new-privileges'],
    oci: () => ({ process: { noNewPrivileges: true } }),
    why: 'setuid programs stay without effect',
  },
  {
    docker: ({ seccompProfile }) => ['--security-opt', `seccomp=${seccompProfile}`],
    oci: (_spec, _identity, { seccomp }) => ({ linux: { seccomp } }),
    why: 'the kernel’s system calls are its attack surface: those that Python needs, and no other',
  },
  {
    docker: () => ['--oom-score-adj', OOM_SCORE_ADJUSTMENT],
    oci: () => ({ process: { oomScoreAdj: Number(OOM_SCORE_ADJUSTMENT) } }),
    why: 'where the host runs out of memory its own services are the last to go',
  },
  {
    docker: () => ['--ulimit', 'core=0'],
    oci: () => rlimit('CORE', 0),
    why: 'a crash would write its memory to the host’s disk',
  },
  {
    docker: ({ limits }) => ['--ulimit', `nofile=${limits.openFiles}`],
    oci: ({ limits }) => rlimit('NOFILE', limits.openFiles),
    why: 'open files cost the kernel memory that no cgroup counts',
  },
  {
    docker: ({ limits }) => ['--ulimit', `fsize=${limits.memoryBytes}`],
    oci: ({ limits }) => rlimit('FSIZE', limits.memoryBytes),
    why: 'no file is larger than the memory it would be in: no sparse file of a petabyte either',
  },
  {
    docker: ({ limits }) => ['--ulimit', `nproc=${limits.pids * 4}`],
    oci: ({ limits }) => rlimit('NPROC', limits.pids * 4),
    why: 'a second limit of processes, by user; Podman’s own default is more than some hosts allow',
  },
  {
    docker: () => ['--ulimit', `sigpending=${QUEUED_SIGNALS}`],
    oci: () => rlimit('SIGPENDING', QUEUED_SIGNALS),
    why: 'queued signals are kernel memory, counted for the owner of a user namespace too: one program would leave none to others',
  },
  {
    docker: () => ['--ulimit', 'msgqueue=0'],
    oci: () => rlimit('MSGQUEUE', 0),
    why: 'POSIX message queues are kernel memory, and Docker mounts a folder to make them in',
  },
  {
    docker: ({ limits }) => ['--env', `PYTHON_CPU_COUNT=${wholeCpus(limits)}`],
    oci: ({ limits }) => ({ process: { env: [`PYTHON_CPU_COUNT=${wholeCpus(limits)}`] } }),
    why: 'a pool sized by the host’s cores would hit the limit of processes',
  },
  ...['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'].map((name) => ({
    docker: ({ limits }: ContainerSpec) => ['--env', `${name}=${wholeCpus(limits)}`],
    oci: ({ limits }: ContainerSpec) => ({ process: { env: [`${name}=${wholeCpus(limits)}`] } }),
    why: 'numerical libraries start a thread for each core of the host',
  })),
  {
    docker: ({ labels }) =>
      Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    oci: ({ labels }) => ({ annotations: labels }),
    why: 'leftovers of a dead server are found by label',
  },
  {
    oci: (_, { userId, firstHostId }) => ({
      linux: {
        namespaces: [{ type: 'user' }],
        uidMappings: idMappings(userId, firstHostId),
        gidMappings: idMappings(NOGROUP, firstHostId),
      },
    }),
    why: 'a program that leaves its container has ids of the host that own nothing and that no other container has; Docker maps the ids of all containers alike, if it is told to',
  },
  ...[
    ['pid', 'no process outside is seen or gets a signal'],
    ['mount', 'no file system of the host is seen'],
    ['uts', 'the name of the host is not seen'],
  ].map(([type = '', why]) => ({ oci: () => namespace(type), why: `${why}; part of Docker` })),
  {
    oci: (_, { name }) => ({ hostname: name.slice(-HOSTNAME_CHARS) }),
    why: 'the name of the container; part of Docker',
  },
  {
    oci: () => mount('/proc', 'proc', 'nosuid,noexec,nodev'),
    why: 'the processes of the container; part of Docker',
  },
  {
    oci: (_spec, _identity, { rootfs }) => ({ mounts: [bindDevices(`${rootfs}/dev`, '/dev')] }),
    why: 'null, zero, full, random, urandom and tty, no device of the host; nodes of the container itself, because a lock on those of the host would be seen by all; part of Docker',
  },
  {
    oci: () => mount('/dev/pts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620'),
    why: 'terminals of its own; part of Docker',
  },
  {
    oci: () => mount('/dev/mqueue', 'mqueue', 'nosuid,noexec,nodev'),
    why: 'the message queues of its own IPC namespace, of which it may make none; part of Docker',
  },
  {
    oci: () => mount('/sys', 'sysfs', 'nosuid,noexec,nodev,ro'),
    why: 'programs that look at the machine find it, read-only; part of Docker',
  },
  {
    oci: () => mount('/sys/fs/cgroup', 'cgroup', 'nosuid,noexec,nodev,ro'),
    why: 'the runner reads the counters of its own cgroup; part of Docker',
  },
  {
    oci: () => ({ linux: { resources: { devices: [{ allow: false, access: 'rwm' }] } } }),
    why: 'only the devices that every runtime allows (null, zero, …); part of Docker',
  },
  {
    oci: () => ({ linux: { sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0' } } }),
    why: 'no limit: a program may serve port 80 of its own loopback; part of Docker',
  },
  {
    oci: (_spec, _identity, { rootfs, boundMasks }) => ({
      mounts: boundMasks.map(({ path, isFolder }) =>
        bindDevices(`${rootfs}/${isFolder ? EMPTY_FOLDER : 'dev/null'}`, path),
      ),
      linux: {
        maskedPaths: MASKED_PATHS.filter((path) => !boundMasks.some((mask) => mask.path === path)),
        readonlyPaths: READ_ONLY_PATHS,
      },
    }),
    why: 'below /proc and /sys the kernel shows the whole host, and lets root change it; part of Docker',
  },
  {
    oci: (_, { name }) => ({ linux: { cgroupsPath: `/${CGROUP_PARENT}/${name}` } }),
    why: 'a cgroup of its own for all limits and counters; part of Docker',
  },
  {
    oci: (spec, _, { env, cwd }) => ({
      ociVersion: '1.0.2',
      process: {
        terminal: false,
        args: bounded(spec, runnerCommand(spec.limits)),
        env: env.filter((entry) => !LIMITED_VARIABLES.test(entry)),
        cwd,
      },
    }),
    why: 'no limit: the command, and what the image says of it; Docker reads the image itself',
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
  inner: readonly string[] = runnerCommand(spec.limits),
): string[] {
  const { name } = identity
  const flags = LIMITS.flatMap(({ docker }) => docker?.(spec, identity) ?? [])
  return ['run', '--name', name, ...flags, spec.image, ...bounded(spec, inner)]
}

/**
 * Masked paths that crun would hide with the host's /dev/null, or newer versions with one folder for all containers: all could
 * lock those, and so find each other. runc takes those of the container, and refuses such binds. `isFolder` is
 * undefined if a path does not exist: a bind on one that does not exist would be an error.
 */
export function pathsToBind(
  runtime: string,
  isFolder: (path: string) => boolean | undefined,
): BoundMask[] {
  if (runtime !== 'crun') return []
  return MASKED_PATHS.flatMap((path) => {
    const found = isFolder(path)
    return found === undefined ? [] : { path, isFolder: found }
  })
}

/** The config.json of a container with the runner in it. */
export function ociConfig(spec: ContainerSpec, identity: OciIdentity, image: OciImage): OciConfig {
  const parts = LIMITS.map(({ oci }) => oci?.(spec, identity, image) ?? {})
  const config = mergeParts(parts) as OciConfig
  // A runtime mounts in this order: a folder before those inside of it.
  const mounts = config.mounts.toSorted((a, b) => (a.destination < b.destination ? -1 : 1))
  return { ...config, mounts }
}

/** A command that ends after the lifetime of the container. */
function bounded(spec: ContainerSpec, inner: readonly string[]): string[] {
  return [init(spec), '--signal=KILL', String(spec.limits.lifetimeSeconds), ...inner]
}

function namespace(type: string): OciPart {
  return { linux: { namespaces: [{ type }] } }
}

function mount(destination: string, type: string, options: string): OciPart {
  return { mounts: [{ destination, type, source: type, options: options.split(',') }] }
}

/** Device nodes of the container's own root: for /dev a runtime would take those of the host. */
function bindDevices(source: string, destination: string): OciMount {
  return {
    destination,
    type: 'bind',
    source,
    options: ['bind', 'private', 'ro', 'nosuid', 'noexec'],
  }
}

/** Submounts of the source are left out, as with Docker. */
function bindMount({ source, target }: ReadOnlyMount): OciMount {
  const options = ['bind', 'private', 'ro', 'nosuid', 'nodev']
  return { destination: target, type: 'bind', source, options }
}

function rlimit(name: string, value: number): OciPart {
  return { process: { rlimits: [{ type: `RLIMIT_${name}`, hard: value, soft: value }] } }
}

/** Root of the namespace, which only the runtime is, and the one id of the program. */
function idMappings(id: number, firstHostId: number): OciIdMapping[] {
  return [
    { containerID: 0, hostID: firstHostId, size: 1 },
    { containerID: id, hostID: firstHostId + 1, size: 1 },
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
