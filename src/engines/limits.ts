// One table of all that a container may do: each limit as flags of `docker run` and as a part of an OCI runtime's config.json.
// Pure.

import type { ReadOnlyMount } from '../environments/mounts.ts'
import { bounded, runnerCommand } from './container-command.ts'
import {
  type ContainerIdentity,
  type ContainerSpec,
  isGvisor,
  type OciIdentity,
  type OciImage,
  wholeCpus,
} from './container-spec.ts'
import { CAPABILITY_SETS, type OciIdMapping, type OciMount, type OciPart } from './oci-config.ts'

/**
 * One limit, for both ways to start a container. A row that lacks one of them says in `why` how it is covered there.
 */
export interface LimitRow {
  docker?: (spec: ContainerSpec, identity: ContainerIdentity) => readonly string[]
  oci?: (spec: ContainerSpec, identity: OciIdentity, image: OciImage) => OciPart
  why: string
}

/** Group `nogroup`: owns nothing in the image. */
const NOGROUP = 65_534

/**
 * Largest number of host threads per program thread under gVisor. With 64 for 64, gVisor ended itself at the third
 * process of a program; with 512 the whole corpus runs.
 */
const GVISOR_THREADS = 8

/** Mount options of the in-memory folders that programs may write to. */
const TMPFS_OPTIONS = 'rw,noexec,nosuid,nodev,mode=1777'

/** A reserved address (RFC 5737): a name server that cannot be reached and reveals nothing about the host's own. */
const NO_NAME_SERVER = '192.0.2.1'

/**
 * If the host runs out of memory, containers are killed before its services: half of the 1000 of the program itself.
 */
const OOM_SCORE_ADJUSTMENT = '500'

/**
 * Swap of a container: one page. With none at all, systemd gets no limit; after reloading its units (`systemctl
 * daemon-reload`, as packages do), it replaces the limit of every running container with its own, which is unlimited,
 * at the next container start (cgroup v2).
 */
export const SWAP_BYTES = 4096

/** Period of the CPU controller, which the quota refers to, in microseconds; Docker uses the same for `--cpus`. */
const CPU_PERIOD_US = 100_000

/** Annotation with which crun takes a compiled filter (crun(1)): to compile it costs 2.4 ms of CPU time a start. */
const COMPILED_SECCOMP = 'run.oci.seccomp_bpf_data'

/** Signals that may be queued for a program: many more than programs use, a hundredth of what a host allows a user. */
const QUEUED_SIGNALS = 256

/** Length of the host name, which is the end of the container's name: as many digits as Docker takes of its id. */
const HOSTNAME_CHARS = 12

/** Docker's defaults. */
export const MASKED_PATHS = [
  ...['/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys'],
  ...['/proc/latency_stats', '/proc/sched_debug', '/proc/scsi', '/proc/timer_list'],
  ...['/proc/timer_stats', '/sys/devices/virtual/powercap', '/sys/firmware'],
]
/** An empty folder of the image, made by setup. */
const EMPTY_FOLDER = 'dev/mqueue'
const READ_ONLY_PATHS = [
  ...['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  // On cgroup v1, crun mounts a tmpfs there that is writable for all users.
  '/sys/fs/cgroup',
]

/** Variables that the table sets; an image does not override them. */
const LIMITED_VARIABLES =
  /^(PYTHON_CPU_COUNT|OMP_NUM_THREADS|OPENBLAS_NUM_THREADS|MKL_NUM_THREADS)=/

/** Every limit, and the reason for it. */
/** All limits. */
export const LIMITS: readonly LimitRow[] = [
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
    // The profile stays beside its compiled form: a crun that does not know the annotation takes the profile.
    oci: (_spec, _identity, { seccomp, compiledSeccomp }) => ({
      linux: { seccomp },
      annotations: compiledSeccomp ? { [COMPILED_SECCOMP]: compiledSeccomp } : {},
    }),
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
    oci: ({ labels }, _identity, { annotations }) => ({
      annotations: { ...labels, ...annotations },
    }),
    why: 'leftovers of a dead server are found by label',
  },
  {
    oci: (_spec, _identity, { apparmorProfile }) =>
      apparmorProfile ? { process: { apparmorProfile } } : {},
    why: 'a second wall around files of the kernel, mounts and tracing; Docker loads a profile of its own',
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
    oci: (_spec, _identity, { rootfs, hasBoundDevices }) => ({
      mounts: [bindDevices(`${rootfs}/dev`, '/dev', hasBoundDevices)],
    }),
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
    oci: (_, { name }, { cgroupParent }) => ({ linux: { cgroupsPath: `${cgroupParent}/${name}` } }),
    why: 'a cgroup of its own for all limits and counters; part of Docker',
  },
  {
    docker: ({ env }) => variables(env).flatMap((variable) => ['--env', variable]),
    oci: ({ env }) => ({ process: { env: variables(env) } }),
    why: 'no limit: the variables of the environment',
  },
  {
    oci: (spec, _, { env, cwd }) => ({
      ociVersion: '1.0.2',
      process: {
        terminal: false,
        args: bounded(spec, runnerCommand(spec.limits)),
        env: env.filter(
          (entry) => !LIMITED_VARIABLES.test(entry) && !Object.hasOwn(spec.env, nameOf(entry)),
        ),
        cwd,
      },
    }),
    why: 'no limit: the command, and what the image says of it; Docker reads the image itself',
  },
]

/** As `NAME=value`. */
function variables(env: ContainerSpec['env']): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`)
}

function nameOf(variable: string): string {
  return variable.slice(0, variable.indexOf('='))
}

function namespace(type: string): OciPart {
  return { linux: { namespaces: [{ type }] } }
}

function mount(destination: string, type: string, options: string): OciPart {
  return { mounts: [{ destination, type, source: type, options: options.split(',') }] }
}

/**
 * Binds device nodes of the container's own root: for /dev, a runtime would use those of the host. `hasBoundDevices` keeps what
 * is mounted there.
 */
function bindDevices(source: string, destination: string, hasBoundDevices = false): OciMount {
  return {
    destination,
    type: 'bind',
    source,
    options: [hasBoundDevices ? 'rbind' : 'bind', 'private', 'ro', 'nosuid', 'noexec'],
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

/** Maps the root of the namespace, which only the runtime uses, and the program's only id. */
function idMappings(id: number, firstHostId: number): OciIdMapping[] {
  return [
    { containerID: 0, hostID: firstHostId, size: 1 },
    { containerID: id, hostID: firstHostId + 1, size: 1 },
  ]
}

/** Under gVisor, the engine counts gVisor's own threads: several for each thread of the program. */
function pidsLimit({ limits, runtime }: ContainerSpec): number {
  return isGvisor(runtime) ? limits.pids * GVISOR_THREADS : limits.pids
}

/** Podman 4.3 has no option for the number of files, so only memory bounds them there. */
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
