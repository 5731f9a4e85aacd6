// Config -> the parts that run programs in Docker, wired together.

import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Outcome } from '../run.ts'
import { DockerExecutor } from './docker.ts'
import { Engine, OWNER_LABEL, ownerOfThisProcess } from './engine.ts'
import { type ContainerSpec, userIds } from './flags.ts'
import { Gate } from './gate.ts'
import { Pool } from './pool.ts'
import { Sandbox } from './sandbox.ts'

const MEBIBYTE = 1024 * 1024
const SECCOMP_PROFILE = fileURLToPath(new URL('../../sandbox/seccomp.json', import.meta.url))
/** What a container's own life exceeds the sum of its parts by, in seconds. */
const LIFETIME_SLACK_SECONDS = 5

export interface DockerParts {
  executor: DockerExecutor
  /** Ends what runs and waits until every container is gone. */
  close: () => Promise<void>
}

/** Starts the pool. Sweeps away what a dead server left. */
export function createDockerExecutor(
  config: Config,
  logger: Logger,
  onRun?: (outcome: Outcome) => void,
): DockerParts {
  const owner = ownerOfThisProcess()
  const spec = containerSpec(config, owner)
  const engine = new Engine({ command: config.DOCKER_BIN, logger })
  const users = userIds()
  const startTimeoutMs = config.START_TIMEOUT_SECONDS * 1000
  const gate = new Gate({
    maxRunning: config.MAX_RUNNING,
    maxWaiting: config.MAX_WAITING,
    maxWaitMs: config.MAX_WAIT_SECONDS * 1000,
  })
  const pool = new Pool({
    size: config.POOL_SIZE,
    maxStarting: Math.max(1, Math.ceil(config.MAX_RUNNING / 2)),
    maxAgeMs: config.WARM_MAX_AGE_SECONDS * 1000,
    start: () => new Sandbox({ engine, spec, userId: users.next().value, startTimeoutMs }),
    isCrowded: () => gate.isFull,
    logger,
  })
  const executor = new DockerExecutor({
    gate,
    pool,
    limits: { memoryBytes: spec.limits.memoryBytes, outputBytes: config.MAX_OUTPUT_BYTES },
    logger,
    ...(onRun && { onRun }),
  })
  void engine.sweep().then((count) => {
    if (count > 0) logger.warn({ count }, 'removed containers that a dead server left')
  })
  return {
    executor,
    close: () => pool.close(),
  }
}

/** What a container of this server is. */
export function containerSpec(config: Config, owner: string): ContainerSpec {
  return {
    image: config.SANDBOX_IMAGE,
    client: basename(config.DOCKER_BIN).startsWith('podman') ? 'podman' : 'docker',
    runtime: config.SANDBOX_RUNTIME,
    seccompProfile: SECCOMP_PROFILE,
    mounts: config.READ_ONLY_MOUNTS,
    labels: { [OWNER_LABEL]: owner },
    limits: {
      memoryBytes: config.MEMORY_MB * MEBIBYTE,
      cpus: config.CPUS,
      pids: config.MAX_PROCESSES,
      tmpBytes: config.TMP_MB * MEBIBYTE,
      tmpInodes: config.TMP_FILES,
      shmBytes: config.SHM_MB * MEBIBYTE,
      openFiles: config.MAX_OPEN_FILES,
      lifetimeSeconds: Math.ceil(
        config.START_TIMEOUT_SECONDS +
          config.WARM_MAX_AGE_SECONDS +
          config.MAX_TIMEOUT_SECONDS +
          LIFETIME_SLACK_SECONDS,
      ),
    },
  }
}
