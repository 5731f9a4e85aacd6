// Derives the specification of each environment's containers from the configuration. Pure.

import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config/config.ts'
import type { ContainerSpec } from '../engines/container-spec.ts'
import { OWNER_LABEL } from '../engines/owner.ts'
import type { Environment } from '../environments/environment.ts'

const MEBIBYTE = 1024 * 1024
/** File with the seccomp profile of all containers. */
export const SECCOMP_PROFILE = fileURLToPath(new URL('../../sandbox/seccomp.json', import.meta.url))
/** How many containers may be starting or ending in addition to those that wait or run. */
const SPARE_CONTAINERS = 2
/** How many runs may wait per slot. They leave after MAX_WAIT_SECONDS; this bounds their memory until then. */
const WAITING_FOR_EACH = 32
/**
 * How long a container may wait for its program, in seconds. If its server is killed, it lives for that plus one run.
 */
export const WARM_MAX_AGE_SECONDS = 300
/**
 * Bounds of the start timeout, in seconds; most starts take one. A MAX_WAIT_SECONDS longer than the default is for a
 * slow host, where starts take longer too. An engine that takes longer than the maximum is hung.
 */
const MIN_START_TIMEOUT_SECONDS = 30
const MAX_START_TIMEOUT_SECONDS = 120
/** Bytes of /tmp per file that it may hold: a file that is not empty takes a page. */
const TMP_FILE_BYTES = 4096
/** Open files of one process: the default of Linux, and the most that `select` can handle. */
const OPEN_FILES = 1024
/** How much longer a container lives than the sum of its parts, in seconds. */
const LIFETIME_SLACK_SECONDS = 5

/** How long the start of a container may take, in seconds. */
export function startTimeoutSeconds({ MAX_WAIT_SECONDS }: Config): number {
  const share = (MAX_WAIT_SECONDS * 2) / 3
  return Math.min(MAX_START_TIMEOUT_SECONDS, Math.max(MIN_START_TIMEOUT_SECONDS, share))
}

/** Largest number of containers at once: those that run, those that wait, and a few that start or end. */
export function maxContainers(config: Config): number {
  return config.environments.reduce(
    (sum, { poolSize }) => sum + poolSize,
    config.MAX_RUNNING + SPARE_CONTAINERS,
  )
}

/** How many synchronous runs may wait for a slot. */
export function maxWaiting({ MAX_RUNNING }: Config): number {
  return WAITING_FOR_EACH * MAX_RUNNING
}

/** The specification of the containers of an environment. */
export function containerSpec(
  config: Config,
  owner: string,
  environment: Environment = config.environments[0],
): ContainerSpec {
  const tmpBytes = environment.tmpMb * MEBIBYTE
  return {
    environment: environment.name,
    image: environment.image,
    client: basename(config.DOCKER_BIN).startsWith('podman') ? 'podman' : 'docker',
    hasUserNamespace: config.ENGINE !== 'docker',
    runtime: environment.runtime,
    seccompProfile: SECCOMP_PROFILE,
    mounts: environment.mounts,
    env: environment.env,
    labels: { [OWNER_LABEL]: owner },
    limits: {
      memoryBytes: environment.memoryMb * MEBIBYTE,
      cpus: environment.cpus,
      pids: environment.processes,
      tmpBytes,
      tmpInodes: tmpBytes / TMP_FILE_BYTES,
      shmBytes: tmpBytes,
      openFiles: OPEN_FILES,
      lifetimeSeconds: Math.ceil(
        startTimeoutSeconds(config) +
          WARM_MAX_AGE_SECONDS +
          environment.maxTimeoutSeconds +
          LIFETIME_SLACK_SECONDS,
      ),
    },
  }
}
