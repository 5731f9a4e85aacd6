// Limits -> the argv of `docker run`. Pure data: what a container may do is this table and nothing else.

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
  image: string
  limits: ContainerLimits
  /** Labels of the container, by which leftovers are found. */
  labels: Record<string, string>
}

interface FlagRow {
  flag: (spec: ContainerSpec) => readonly string[]
  why: string
}

/** User and group `nobody`: owns nothing in the image. */
const NOBODY = '65534:65534'

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
    flag: ({ limits }) => ['--memory', bytes(limits.memoryBytes)],
    why: 'one program would take all memory of the host',
  },
  {
    flag: ({ limits }) => ['--memory-swap', bytes(limits.memoryBytes)],
    why: 'equal to --memory: no swap, which would double it and wear the disk',
  },
  { flag: ({ limits }) => ['--cpus', String(limits.cpus)], why: 'runs would starve each other' },
  { flag: ({ limits }) => ['--pids-limit', String(limits.pids)], why: 'fork and thread bombs' },
  { flag: () => ['--read-only'], why: 'nothing in the image can be changed' },
  {
    flag: ({ limits }) => [
      '--tmpfs',
      `/tmp:rw,noexec,nosuid,nodev,mode=1777,size=${limits.tmpBytes},nr_inodes=${limits.tmpInodes}`,
    ],
    why: 'the one place to write: bounded in bytes and files, in memory, gone afterwards',
  },
  {
    flag: ({ limits }) => ['--shm-size', bytes(limits.shmBytes)],
    why: 'Docker’s default is 64 MB, half of the memory',
  },
  { flag: () => ['--ipc', 'private'], why: 'no shared memory with other containers' },
  { flag: () => ['--user', NOBODY], why: 'root inside is one kernel bug from root outside' },
  { flag: () => ['--cap-drop', 'ALL'], why: 'no privilege of root, in parts either' },
  {
    flag: () => ['--security-opt', 'no-new-privileges'],
    why: 'setuid programs stay without effect',
  },
  { flag: () => ['--ulimit', 'core=0'], why: 'a crash would write its memory to the host’s disk' },
  {
    flag: ({ limits }) => ['--ulimit', `nofile=${limits.openFiles}`],
    why: 'open files cost the kernel memory that no cgroup counts',
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

/** The arguments of the `docker` command that starts a container called `name`, by default with the runner in it. */
export function dockerRunArgs(
  name: string,
  spec: ContainerSpec,
  command: readonly string[] = runnerCommand(spec.limits),
): string[] {
  const flags = FLAGS.flatMap((row) => row.flag(spec))
  const lifetime = String(spec.limits.lifetimeSeconds)
  return ['run', '--name', name, ...flags, spec.image, ...boundedBy(lifetime), ...command]
}

/**
 * `timeout` is process 1: SIGKILL and SIGSTOP from inside do not reach it, and a signal that ends it ends the container.
 * It bounds the container's life even where server and engine are gone.
 */
function boundedBy(seconds: string): string[] {
  return ['timeout', '--signal=KILL', seconds]
}

/** `-I` keeps Python from reading anything but its library, `-u` loses no output of a program that is killed. */
function runnerCommand(limits: ContainerLimits): string[] {
  const runner = '/usr/lib/sandbox/runner.pyc'
  return ['python3', '-I', '-u', '-X', `cpu_count=${wholeCpus(limits)}`, runner]
}

function bytes(count: number): string {
  return `${count}b`
}

function wholeCpus({ cpus }: ContainerLimits): number {
  return Math.max(1, Math.ceil(cpus))
}
