// The walls as data: how each limit is tried from inside, what was seen, whether it holds, advice if not. Pure.

import { z } from 'zod'
import { type ContainerSpec, isGvisor } from '../engines/container-spec.ts'
import { SWAP_BYTES } from '../engines/limits.ts'

/** The facts that sandbox/probe.py can determine. */
const factsSchema = z.object({
  userId: z.number(),
  /** Whether its numbers are other ones on the host. */
  userNamespace: z.boolean(),
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
  /** Swap of the host, used or not. */
  hostSwapBytes: z.number(),
})

type Facts = z.output<typeof factsSchema>

/** The output of sandbox/probe.py. */
export const insideSchema = factsSchema.partial().extend({
  /** Why a fact could not be determined, by its name. */
  failures: z.record(z.string(), z.string()),
})

/** The facts that the probe determined from inside. */
export type Inside = z.output<typeof insideSchema>

/** The result of trying one wall. */
export interface Finding {
  wall: string
  /** How it was tried. */
  tried: string
  seen: string
  holds: boolean
  /** Advice for the operator if the wall does not hold. */
  advice: string
}

interface Wall {
  /** The facts to check. If one of them is unknown, the wall does not hold. */
  facts: readonly (keyof Facts)[]
  /** Whether the trial uses up a resource instead of reading a value or asking the kernel. */
  isDear?: boolean
  judge: (facts: Facts, spec: ContainerSpec) => Pick<Finding, 'tried' | 'seen' | 'holds'>
  advice: string
}

const ENGINE_ADVICE =
  'use an engine that enforces it: Docker 20.10 or newer as root, or runc or crun of your distribution'
const CGROUP_ADVICE =
  'the host does not enforce it: its kernel needs this cgroup controller (Docker: see the warnings of `docker info`); rootless engines need cgroup v2'

/** The walls that one short program can try. */
const WALLS: Readonly<Record<string, Wall>> = {
  user: {
    facts: ['userId', 'userNamespace'],
    judge: ({ userId, userNamespace }, { hasUserNamespace }) => ({
      tried: 'asked for the user number, and whether it is another one on the host',
      seen: `user ${userId}${userNamespace ? ' of a user namespace' : ''}`,
      holds: userId !== 0 && (userNamespace || !hasUserNamespace),
    }),
    advice: ENGINE_ADVICE,
  },
  capabilities: {
    facts: ['capabilities'],
    judge: ({ capabilities }) => ({
      tried: 'read the capability sets',
      seen: capabilities.length === 0 ? 'none' : `some in ${capabilities.join(', ')}`,
      holds: capabilities.length === 0,
    }),
    advice: ENGINE_ADVICE,
  },
  'no new privileges': {
    facts: ['noNewPrivileges', 'kernel'],
    judge: ({ noNewPrivileges, kernel }, { runtime }) => ({
      tried: 'asked the kernel',
      seen: noNewPrivileges ? 'set' : `not set (${kernel})`,
      // gVisor has no such flag, and does not give a program the rights of its file's owner.
      holds: noNewPrivileges || isGvisor(runtime),
    }),
    advice: ENGINE_ADVICE,
  },
  'system calls': {
    facts: ['calls', 'seccomp'],
    judge: ({ calls, seccomp }, { runtime }) => {
      const done = Object.keys(calls).filter((name) => calls[name] === 'done')
      return {
        tried: `called ${Object.keys(calls).join(', ')}`,
        seen:
          done.length === 0
            ? `all refused, seccomp mode ${seccomp}`
            : `let through${isGvisor(runtime) ? ' by gVisor, whose own they are' : ''}: ${done.join(', ')}`,
        // Under gVisor no call reaches the host's kernel; gVisor itself implements those that it offers.
        holds: isGvisor(runtime) || (done.length === 0 && seccomp === 2),
      }
    },
    advice:
      'the kernel needs CONFIG_SECCOMP_FILTER, and the engine must not be set to "unconfined"',
  },
  'read-only root': {
    facts: ['readOnlyRoot', 'writable'],
    judge: ({ readOnlyRoot, writable }) => {
      const mounted = readOnlyRoot ? 'mounted read-only' : 'mounted writable'
      return {
        tried:
          'asked how it is mounted, wrote into the folders of the image, the cgroups and mounted data',
        seen: `${mounted}; ${writable.length === 0 ? 'all refused' : `could write into ${writable.join(', ')}`}`,
        holds: readOnlyRoot && writable.length === 0,
      }
    },
    advice: ENGINE_ADVICE,
  },
  'mounted data': {
    facts: ['readOnlyFolders'],
    judge: ({ readOnlyFolders }, { mounts }) => {
      const missing = mounts.filter(({ target }) => !readOnlyFolders[target])
      return {
        tried: 'looked for the mounted data',
        seen:
          missing.length === 0
            ? `${mounts.length} there`
            : `missing: ${missing.map(({ target }) => target).join(', ')}`,
        holds: missing.length === 0,
      }
    },
    advice: 'the source must exist on the host that has the engine, readable for everybody',
  },
  network: {
    facts: ['interfaces', 'connect'],
    judge: ({ interfaces, connect }) => {
      const others = interfaces.filter((name) => name !== 'lo' && !isDormantTunnel(name))
      return {
        tried: 'listed the interfaces, connected to an address outside',
        seen: `interfaces ${interfaces.join(', ') || 'none'}; connect: ${connect}`,
        holds: others.length === 0 && connect !== 'done' && connect !== 'timeout',
      }
    },
    advice: ENGINE_ADVICE,
  },
  'size of /tmp': {
    facts: ['tmpBytes'],
    isDear: true,
    judge: ({ tmpBytes }, { limits }) => ({
      tried: 'filled /tmp',
      seen: `full at ${megabytes(tmpBytes)}, limit ${megabytes(limits.tmpBytes)}`,
      holds: tmpBytes <= limits.tmpBytes,
    }),
    advice: ENGINE_ADVICE,
  },
  'files in /tmp': {
    facts: ['tmpFiles'],
    isDear: true,
    judge: ({ tmpFiles }, { client, limits, runtime }) => ({
      tried: 'made files in /tmp',
      ...(client === 'podman'
        ? { holds: true, seen: 'Podman has no such limit: they count as memory' }
        : unlessGvisor(
            runtime,
            tmpFiles <= limits.tmpInodes,
            `${tmpFiles} files, limit ${limits.tmpInodes}`,
          )),
    }),
    advice: ENGINE_ADVICE,
  },
  'size of /dev/shm': {
    facts: ['shmBytes'],
    isDear: true,
    judge: ({ shmBytes }, { limits, runtime }) => ({
      tried: 'filled /dev/shm',
      ...unlessGvisor(
        runtime,
        shmBytes <= limits.shmBytes,
        `full at ${megabytes(shmBytes)}, limit ${megabytes(limits.shmBytes)}`,
      ),
    }),
    advice: ENGINE_ADVICE,
  },
  processes: {
    facts: ['processes', 'cgroup'],
    judge: ({ processes, cgroup }, { limits, runtime }) => {
      const count = processes ?? Number(cgroup.pids ?? 0)
      return {
        tried: processes === null ? 'read the limit of the cgroup' : 'forked until it was refused',
        ...unlessGvisor(runtime, count <= limits.pids, `${count} processes, limit ${limits.pids}`),
      }
    },
    advice: CGROUP_ADVICE,
  },
  'open files': {
    facts: ['openFiles'],
    isDear: true,
    judge: ({ openFiles }, { limits }) => ({
      tried: 'opened files until it was refused',
      seen: `${openFiles} more, limit ${limits.openFiles}`,
      holds: openFiles <= limits.openFiles,
    }),
    advice: ENGINE_ADVICE,
  },
  'file size and core files': {
    facts: ['coreBytes', 'fileBytes'],
    judge: ({ coreBytes, fileBytes }, { limits }) => ({
      tried: 'read the limits',
      seen: `core ${coreBytes} bytes, files ${megabytes(fileBytes)}`,
      holds: coreBytes === 0 && fileBytes > 0 && fileBytes <= limits.memoryBytes,
    }),
    advice: ENGINE_ADVICE,
  },
  memory: {
    facts: ['cgroup'],
    judge: ({ cgroup }, { limits }) => ({
      tried: 'read the limit of the cgroup',
      seen: told(cgroup.memory),
      holds: isUnseen(cgroup.memory) || Number(cgroup.memory) <= limits.memoryBytes,
    }),
    advice: CGROUP_ADVICE,
  },
  swap: {
    facts: ['cgroup', 'cgroupVersion', 'hostSwapBytes'],
    judge: ({ cgroup, cgroupVersion, hostSwapBytes }, { limits }) => {
      const tried = 'read the limit of the cgroup'
      if (isUnseen(cgroup.swap)) {
        // The kernel counts memory but not swap here, so the memory limit does not bound swap.
        const isUnbounded = !isUnseen(cgroup.memory) && hostSwapBytes > 0
        const seen = `none, and the host has ${megabytes(hostSwapBytes)} of swap`
        return { tried, seen: isUnbounded ? seen : told(cgroup.swap), holds: !isUnbounded }
      }
      // Version 2 counts swap alone, version 1 memory and swap together.
      const most = SWAP_BYTES + (cgroupVersion === 2 ? 0 : limits.memoryBytes)
      return { tried, seen: told(cgroup.swap), holds: Number(cgroup.swap) <= most }
    },
    advice: 'switch swap off on the host, or boot it with swapaccount=1',
  },
  'CPU quota': {
    facts: ['cgroup'],
    judge: ({ cgroup }) => ({
      tried: 'read the quota of the cgroup',
      seen: told(cgroup.cpu),
      holds: isUnseen(cgroup.cpu) || !/^(max|-1)/.test(cgroup.cpu ?? ''),
    }),
    advice: CGROUP_ADVICE,
  },
}

/** The walls to try: all of them, or those that cost the container next to nothing. */
export type Trials = 'all' | 'cheap'

/** Judges which walls hold from the facts that the probe determined. Pure. */
export function judge(inside: Inside, spec: ContainerSpec, trials: Trials = 'all'): Finding[] {
  return Object.entries(WALLS)
    .filter(([, { isDear }]) => trials === 'all' || !isDear)
    .map(([wall, { facts, judge, advice }]) => ({
      wall,
      ...(failureOf(facts, inside) ?? judge(inside as Facts, spec)),
      advice,
    }))
}

/** The result for a wall with an unknown fact; undefined if all its facts are known. */
function failureOf(facts: Wall['facts'], inside: Inside): ReturnType<Wall['judge']> | undefined {
  const unknown = facts.find((fact) => inside[fact] === undefined)
  if (!unknown) return undefined
  const why = inside.failures[unknown] ?? 'the probe says nothing of it'
  return { tried: `tried to find out ${unknown}`, seen: why, holds: false }
}

/** Resources that gVisor does not limit itself are its own memory or threads, which the engine limits from outside. */
function unlessGvisor(
  runtime: string,
  holds: boolean,
  seen: string,
): Pick<Finding, 'holds' | 'seen'> {
  return isGvisor(runtime)
    ? { holds: true, seen: 'not tried: gVisor counts it as memory' }
    : { holds, seen }
}

/**
 * Whether the kernel makes this interface in every network namespace if a tunnel module is loaded; such ones are down.
 */
function isDormantTunnel(name: string): boolean {
  return /^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$/.test(name)
}

/** Whether there is no cgroup to read inside, as under gVisor: the limit can then only be tested by reaching it. */
function isUnseen(text: string | null | undefined): boolean {
  return text === null || text === undefined
}

function told(text: string | null | undefined): string {
  return text ?? 'not to be seen from inside'
}

function megabytes(bytes: number): string {
  return `${Math.round((bytes / 1024 / 1024) * 10) / 10} MB`
}
