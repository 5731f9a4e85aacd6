// What a container is: its limits, its identity, and the image that an OCI runtime starts it from.

import { randomInt } from 'node:crypto'
import type { ReadOnlyMount } from '../environments/mounts.ts'
import type { OciSeccomp } from './oci-config.ts'

/** The limits of one container. None of them may be unlimited. */
export interface ContainerLimits {
  memoryBytes: number
  /** CPU time, as a number of CPUs. */
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
  /** The name that a request uses. */
  environment: string
  image: string
  /** The command line client: Podman supports most of Docker's flags, but not all. */
  client: 'docker' | 'podman'
  /** Whether each container gets a user namespace: with an OCI runtime. */
  hasUserNamespace: boolean
  /** Name of the OCI runtime in the engine: `runsc`, `kata`, …; empty for the engine's default. */
  runtime: string
  /** File with the seccomp profile; the `docker` command reads it at every start. */
  seccompProfile: string
  mounts: readonly ReadOnlyMount[]
  /** Environment variables of every program. */
  env: Readonly<Record<string, string>>
  limits: ContainerLimits
  /** Labels of the container, by which leftovers are found. */
  labels: Record<string, string>
}

/** The values that are specific to one container. */
export interface ContainerIdentity {
  name: string
  /** User id; see `userIds`. */
  userId: number
}

/** The identity under an OCI runtime, where each container has a user namespace. */
export interface OciIdentity extends ContainerIdentity {
  /** First of the HOST_IDS user and group ids of the host that only this container has. */
  firstHostId: number
}

/** Number of host ids per container: one for the root of its namespace, which sets it up, one for the program. */
export const HOST_IDS = 2

/** Further input of an OCI runtime, the same for every container of an image. */
export interface OciImage {
  /** Folder of the unpacked file system. */
  rootfs: string
  /** Environment variables of the image, `NAME=value`. */
  env: readonly string[]
  /** Working directory. */
  cwd: string
  seccomp: OciSeccomp
  /** The same filter as crun has compiled it before, in Base64; see `COMPILED_SECCOMP`. */
  compiledSeccomp?: string | undefined
  /** Name of the AppArmor profile; undefined on a host without AppArmor. */
  apparmorProfile?: string | undefined
  /** Path of the cgroup that all containers are in. */
  cgroupParent: string
  /** Whether the nodes of /dev are mounted on those of the root: a server without root can't make nodes. */
  hasBoundDevices: boolean
  /** Annotations that the engine needs. */
  annotations: Record<string, string>
  /** Paths to hide with bind mounts from the container's own root; see `pathsToBind`. */
  boundMasks: readonly BoundMask[]
}

/** A path of /proc or /sys that a bind mount hides. */
export interface BoundMask {
  path: string
  isFolder: boolean
}

/**
 * User ids that the image names `nobody` (sandbox/Dockerfile has the same two constants). They are below 65536, the
 * number of ids that a rootless engine has.
 */
const FIRST_USER_ID = 20_000
const USER_IDS = 1000

/**
 * User ids for successive containers, starting at a random one. Two containers share one only if a thousand exist at
 * the same time, or by chance if several servers use one engine.
 */
export function* userIds(): Generator<number, never> {
  for (let next = randomInt(USER_IDS); ; next += 1) yield FIRST_USER_ID + (next % USER_IDS)
}

/** Whether a runtime is gVisor, by the names under which its documentation registers it. */
export function isGvisor(runtime: string): boolean {
  return /^(runsc|gvisor)/.test(runtime)
}

/** The limit as whole CPUs, for programs that count them. */
export function wholeCpus({ cpus }: ContainerLimits): number {
  return Math.max(1, Math.ceil(cpus))
}
