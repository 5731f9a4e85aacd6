// The walls as data: how each limit is tried from inside, what was seen, whether it holds, what to do if not. Pure.

import { z } from 'zod'
import { type ContainerSpec, isGvisor } from './flags.ts'

/** What sandbox/probe.py prints. */
export const insideSchema = z.object({
  userId: z.number(),
  capabilities: z.array(z.string()),
  noNewPrivileges: z.boolean(),
  seccomp: z.number(),
  kernel: z.string(),
  readOnlyRoot: z.boolean(),
  writable: z.array(z.string()),
  readOnlyFolders: z.record(z.string(), z.boolean()),
  interfaces: z.array(z.string()),
  connect: z.string(),
  calls: z.record(z.string(), z.string()),
  tmpBytes: z.number(),
  shmBytes: z.number(),
  tmpFiles: z.number(),
  processes: z.number().nullable(),
  openFiles: z.number(),
  coreBytes: z.number(),
  fileBytes: z.number(),
  cgroupVersion: z.number().nullable(),
  cgroup: z.record(z.string(), z.string().nullable()),
})

/** What a program could see and do. */
export type Inside = z.output<typeof insideSchema>

/** One wall, as it was found. */
export interface Finding {
  wall: string
  /** How it was tried. */
  tried: string
  seen: string
  holds: boolean
  /** What an operator can do where it does not hold. */
  advice: string
}

type Judge = (inside: Inside, spec: ContainerSpec) => Omit<Finding, 'wall'>

const ENGINE_ADVICE =
  'use an engine that takes this flag of `docker run`: Docker 20.10 or newer, as root'
const CGROUP_ADVICE =
  'the engine does not enforce it: see the warnings of `docker info`; rootless engines need cgroup v2'

/** The walls that one short program can try. */
const WALLS: Readonly<Record<string, Judge>> = {
  user: ({ userId }) => ({
    tried: 'asked for the user number',
    seen: `user ${userId}`,
    holds: userId !== 0,
    advice: ENGINE_ADVICE,
  }),
  capabilities: ({ capabilities }) => ({
    tried: 'read the capability sets',
    seen: capabilities.length === 0 ? 'none' : `some in ${capabilities.join(', ')}`,
    holds: capabilities.length === 0,
    advice: ENGINE_ADVICE,
  }),
  'no new privileges': ({ noNewPrivileges, kernel }, { runtime }) => ({
    tried: 'asked the kernel',
    seen: noNewPrivileges ? 'set' : `not set (${kernel})`,
    // gVisor keeps no such flag, and gives no file's owner to a program.
    holds: noNewPrivileges || isGvisor(runtime),
    advice: ENGINE_ADVICE,
  }),
  'system calls': ({ calls, seccomp }, { runtime }) => {
    const done = Object.keys(calls).filter((name) => calls[name] === 'done')
    // Under gVisor no call reaches the host's kernel; what it offers of these itself is its own.
    const holds = isGvisor(runtime) || (done.length === 0 && seccomp === 2)
    return {
      tried: `called ${Object.keys(calls).join(', ')}`,
      seen:
        done.length === 0
          ? `all refused, seccomp mode ${seccomp}`
          : `let through${isGvisor(runtime) ? ' by gVisor, whose own they are' : ''}: ${done.join(', ')}`,
      holds,
      advice:
        'the kernel needs CONFIG_SECCOMP_FILTER, and the engine must not be set to "unconfined"',
    }
  },
  'read-only root': ({ readOnlyRoot, writable }) => {
    const mounted = readOnlyRoot ? 'mounted read-only' : 'mounted writable'
    return {
      tried:
        'asked how it is mounted, wrote into the folders of the image, the cgroups and mounted data',
      seen: `${mounted}; ${writable.length === 0 ? 'all refused' : `could write into ${writable.join(', ')}`}`,
      holds: readOnlyRoot && writable.length === 0,
      advice: ENGINE_ADVICE,
    }
  },
  'mounted data': ({ readOnlyFolders }, { mounts }) => {
    const missing = mounts.filter(({ target }) => !readOnlyFolders[target])
    return {
      tried: 'looked for the targets of READ_ONLY_MOUNTS',
      seen:
        missing.length === 0
          ? `${mounts.length} there`
          : `missing: ${missing.map(({ target }) => target).join(', ')}`,
      holds: missing.length === 0,
      advice: 'the source must exist on the host that has the engine, readable for everybody',
    }
  },
  network: ({ interfaces, connect }) => {
    const others = interfaces.filter((name) => name !== 'lo' && !isDormantTunnel(name))
    return {
      tried: 'listed the interfaces, connected to an address outside',
      seen: `interfaces ${interfaces.join(', ') || 'none'}; connect: ${connect}`,
      holds: others.length === 0 && connect !== 'done' && connect !== 'timeout',
      advice: ENGINE_ADVICE,
    }
  },
  'size of /tmp': ({ tmpBytes }, { limits }) => ({
    tried: 'filled /tmp',
    seen: `full at ${megabytes(tmpBytes)}, limit ${megabytes(limits.tmpBytes)}`,
    holds: tmpBytes <= limits.tmpBytes,
    advice: ENGINE_ADVICE,
  }),
  'files in /tmp': ({ tmpFiles }, { client, limits, runtime }) => ({
    tried: 'made files in /tmp',
    ...(client === 'podman'
      ? { holds: true, seen: 'Podman has no such limit: they count as memory' }
      : unlessGvisor(
          runtime,
          tmpFiles <= limits.tmpInodes,
          `${tmpFiles} files, limit ${limits.tmpInodes}`,
        )),
    advice: ENGINE_ADVICE,
  }),
  'size of /dev/shm': ({ shmBytes }, { limits, runtime }) => ({
    tried: 'filled /dev/shm',
    ...unlessGvisor(
      runtime,
      shmBytes <= limits.shmBytes,
      `full at ${megabytes(shmBytes)}, limit ${megabytes(limits.shmBytes)}`,
    ),
    advice: ENGINE_ADVICE,
  }),
  processes: ({ processes, cgroup }, { limits, runtime }) => {
    const count = processes ?? Number(cgroup.pids ?? 0)
    return {
      tried: processes === null ? 'read the limit of the cgroup' : 'forked until it was refused',
      ...unlessGvisor(runtime, count <= limits.pids, `${count} processes, limit ${limits.pids}`),
      advice: CGROUP_ADVICE,
    }
  },
  'open files': ({ openFiles }, { limits }) => ({
    tried: 'opened files until it was refused',
    seen: `${openFiles} more, limit ${limits.openFiles}`,
    holds: openFiles <= limits.openFiles,
    advice: ENGINE_ADVICE,
  }),
  'file size and core files': ({ coreBytes, fileBytes }, { limits }) => ({
    tried: 'read the limits',
    seen: `core ${coreBytes} bytes, files ${megabytes(fileBytes)}`,
    holds: coreBytes === 0 && fileBytes > 0 && fileBytes <= limits.memoryBytes,
    advice: ENGINE_ADVICE,
  }),
  memory: ({ cgroup }, { limits }) => ({
    tried: 'read the limit of the cgroup',
    seen: told(cgroup.memory),
    holds: isUnseen(cgroup.memory) || Number(cgroup.memory) <= limits.memoryBytes,
    advice: CGROUP_ADVICE,
  }),
  swap: ({ cgroup, cgroupVersion }, { limits }) => ({
    tried: 'read the limit of the cgroup',
    seen: told(cgroup.swap),
    // Version 2 counts swap alone, version 1 memory and swap together.
    holds:
      isUnseen(cgroup.swap) ||
      Number(cgroup.swap) <= (cgroupVersion === 2 ? 0 : limits.memoryBytes),
    advice: 'switch swap off on the host, or boot it with swapaccount=1',
  }),
  'CPU quota': ({ cgroup }) => ({
    tried: 'read the quota of the cgroup',
    seen: told(cgroup.cpu),
    holds: isUnseen(cgroup.cpu) || !/^(max|-1)/.test(cgroup.cpu ?? ''),
    advice: CGROUP_ADVICE,
  }),
}

/** What a program could do -> which walls hold. Pure. */
export function judge(inside: Inside, spec: ContainerSpec): Finding[] {
  return Object.entries(WALLS).map(([wall, look]) => ({ wall, ...look(inside, spec) }))
}

/** What gVisor does not limit by itself is memory or threads of its own there, which the engine limits from outside. */
function unlessGvisor(
  runtime: string,
  holds: boolean,
  seen: string,
): Pick<Finding, 'holds' | 'seen'> {
  return isGvisor(runtime)
    ? { holds: true, seen: 'not tried: gVisor counts it as memory' }
    : { holds, seen }
}

/** Interfaces that the kernel makes in every network namespace where a module for tunnels is loaded; they are down. */
function isDormantTunnel(name: string): boolean {
  return /^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$/.test(name)
}

/** Whether there is no cgroup to read inside, as under gVisor: then trying is all that can be done. */
function isUnseen(text: string | null | undefined): boolean {
  return text === null || text === undefined
}

function told(text: string | null | undefined): string {
  return text ?? 'not to be seen from inside'
}

function megabytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MB`
}
