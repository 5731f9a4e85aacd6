// The walls as data: how each limit is tried from inside, what was seen, whether it holds, what to do if not. Pure.

import { z } from 'zod'
import { type ContainerSpec, isGvisor, SWAP_BYTES } from '../engines/limits.ts'

/** What sandbox/probe.py can find out. */
const factsSchema = z.object({
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
  /** Swap that the host has, used or not. */
  hostSwapBytes: z.number(),
})

type Facts = z.output<typeof factsSchema>

/** What sandbox/probe.py prints. */
export const insideSchema = factsSchema.partial().extend({
  /** By the name of a fact: why it could not be found out. */
  failures: z.record(z.string(), z.string()),
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

interface Wall {
  /** What is looked at. A wall of which one of them is not known does not hold. */
  facts: readonly (keyof Facts)[]
  /** Whether it is found out by using something up, and not by reading or asking. */
  isDear?: boolean
  judge: (facts: Facts, spec: ContainerSpec) => Pick<Finding, 'tried' | 'seen' | 'holds'>
  advice: string
}

const ENGINE_ADVICE =
  'use an engine that takes this flag of `docker run`: Docker 20.10 or newer, as root'
const CGROUP_ADVICE =
  'the engine does not enforce it: see the warnings of `docker info`; rootless engines need cgroup v2'

/** The walls that one short program can try. */
const WALLS: Readonly<Record<string, Wall>> = {
  user: {
    facts: ['userId'],
    judge: ({ userId }) => ({
      tried: 'asked for the user number',
      seen: `user ${userId}`,
      holds: userId !== 0,
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
      // gVisor keeps no such flag, and gives no file's owner to a program.
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
        // Under gVisor no call reaches the host's kernel; what it offers of these itself is its own.
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
        tried: 'looked for the targets of READ_ONLY_MOUNTS',
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
        // The kernel counts memory here and no swap, so the limit of memory does not bound it.
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

/** Which walls are tried: all of them, or those that cost the container next to nothing. */
export type Trials = 'all' | 'cheap'

/** What a program could do -> which walls hold. Pure. */
export function judge(inside: Inside, spec: ContainerSpec, trials: Trials = 'all'): Finding[] {
  return Object.entries(WALLS)
    .filter(([, { isDear }]) => trials === 'all' || !isDear)
    .map(([wall, { facts, judge, advice }]) => ({
      wall,
      ...(failureOf(facts, inside) ?? judge(inside as Facts, spec)),
      advice,
    }))
}

/** What is said of a wall where a trial of it failed; undefined where all did what they should. */
function failureOf(facts: Wall['facts'], inside: Inside): ReturnType<Wall['judge']> | undefined {
  const unknown = facts.find((fact) => inside[fact] === undefined)
  if (!unknown) return undefined
  const why = inside.failures[unknown] ?? 'the probe says nothing of it'
  return { tried: `tried to find out ${unknown}`, seen: why, holds: false }
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
