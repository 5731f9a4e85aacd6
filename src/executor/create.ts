// Builds the parts that run programs in containers from the configuration.

import type { Logger } from 'pino'
import { Gate } from '../admission/gate.ts'
import type { Config } from '../config/config.ts'
import { userIds } from '../engines/container-spec.ts'
import { DockerEngine } from '../engines/docker-engine.ts'
import type { Engine, EngineCommand } from '../engines/engine.ts'
import { OciEngine } from '../engines/oci-engine.ts'
import { ownerOfThisProcess } from '../engines/owner.ts'
import type { Executor } from '../run/executor.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { Containers } from './containers.ts'
import { DockerExecutor, type EnvironmentPool } from './docker.ts'
import { type ExecutorEvents, type ExecutorState, NO_EVENTS } from './events.ts'
import { GuardedEnvironments } from './guarded-environments.ts'
import { HintingExecutor } from './hinting-executor.ts'
import { inspectWalls } from './inspect.ts'
import { Leftovers } from './leftovers.ts'
import { Pool } from './pool.ts'
import { collectionLimits } from './protocol.ts'
import { Sandbox } from './sandbox.ts'
import {
  containerSpec,
  maxContainers,
  maxWaiting,
  SECCOMP_PROFILE,
  startTimeoutSeconds,
  WARM_MAX_AGE_SECONDS,
} from './spec.ts'
import { StartPace } from './start-pace.ts'
import type { Finding } from './walls.ts'

/** Smallest limit on starting containers; else half of MAX_RUNNING, which is twice the number of CPUs by default. */
const MIN_STARTING = 2
/** Shortest time without running after which another server's container is a leftover, in milliseconds. */
const MIN_STRANGERS_MS = 60_000

export interface DockerParts {
  executor: Executor
  /** Admits every run. */
  gate: Gate
  state: () => ExecutorState
  /** Ends all runs and waits until every container is gone. */
  close: () => Promise<void>
}

export interface GuardedParts extends DockerParts {
  /**
   * Tries the walls of each environment, unless SERVE_WITH_MISSING_WALLS is on; runs wait for the result. Resolves to the
   * environments that programs can run in; rejects if there is none.
   */
  prove: () => Promise<string[]>
  /** Why programs cannot run, if that is known; for /readyz. */
  obstacle: () => string | undefined
}

export interface DockerCallbacks {
  events?: ExecutorEvents
  /** Called once if a wall is found missing at the start. */
  onMissing: (missing: Finding[]) => void
  /** Called when a wall is found missing later; nothing runs until it is found again. */
  onLost?: (missing: Finding[]) => void
}

/** Like `createDockerExecutor`, but the executor runs nothing until the walls have been found to hold. */
export function createGuardedExecutor(
  config: Config,
  logger: Logger,
  { events, ...callbacks }: DockerCallbacks,
): GuardedParts {
  const { executor, gate, state, close } = createDockerExecutor(config, logger, events)
  const usable = config.environments.filter(({ problem }) => problem === undefined)
  const names = usable.map(({ name }) => name)
  const withHints = (executor: Executor) => new HintingExecutor({ executor, environments: names })
  if (config.SERVE_WITH_MISSING_WALLS) {
    const prove = async () => {
      logger.warn('SERVE_WITH_MISSING_WALLS=on: the walls were not tried')
      return names
    }
    const obstacle = () => undefined
    return { executor: withHints(executor), gate, state, close, prove, obstacle }
  }
  const guard = new GuardedEnvironments({
    executor,
    logger,
    ...callbacks,
    environments: usable.map((environment) => {
      const spec = containerSpec(config, '', environment)
      return {
        name: environment.name,
        inspect: (signal) => inspectWalls(executor, spec, signal),
        inspectWaiting: (signal) => inspectWalls(executor, spec, signal, 'cheap'),
        waitingCount: environment.poolSize,
      }
    }),
    isBusy: () => state().running >= config.MAX_RUNNING,
  })
  const closeAll = () => {
    guard.close()
    return close()
  }
  const prove = () => guard.prove()
  const obstacle = () => guard.obstacle
  return { executor: withHints(guard), gate, state, close: closeAll, prove, obstacle }
}

/** What may differ from the configuration: times in milliseconds, for tests, and the seccomp profile, for trials. */
export interface ContainerOverrides {
  startTimeoutMs?: number
  warmMaxAgeMs?: number
  /** Path of the file. */
  seccompProfile?: string
}

/** The engine that the configuration selects. */
export function createEngine(
  { ENGINE, DOCKER_BIN }: Config,
  logger: Logger,
  onCommandFailed: (command: EngineCommand) => void = () => {},
): Engine {
  return ENGINE === 'docker'
    ? new DockerEngine({ command: DOCKER_BIN, logger, onCommandFailed })
    : new OciEngine({ runtime: ENGINE, logger, onCommandFailed })
}

/** Starts the pools and removes the containers that dead servers left. */
export function createDockerExecutor(
  config: Config,
  logger: Logger,
  events: ExecutorEvents = NO_EVENTS,
  {
    startTimeoutMs = startTimeoutSeconds(config) * 1000,
    warmMaxAgeMs = WARM_MAX_AGE_SECONDS * 1000,
    seccompProfile = SECCOMP_PROFILE,
  }: ContainerOverrides = {},
): DockerParts {
  const owner = ownerOfThisProcess()
  const engine = createEngine(config, logger, (command) => events.onCommandFailed(command))
  const users = userIds()
  const gate = new Gate({
    maxRunning: config.MAX_RUNNING,
    maxWaiting: maxWaiting(config),
    maxWaitMs: config.MAX_WAIT_SECONDS * 1000,
  })
  const containers = new Containers(
    maxContainers(config),
    Math.max(MIN_STARTING, Math.ceil(config.MAX_RUNNING / 2)),
  )
  const pace = new StartPace()
  const leftovers = new Leftovers({
    engine,
    owner,
    logger,
    isKnown: (name) => containers.has(name),
    strangersMs: Math.max(MIN_STRANGERS_MS, 2 * startTimeoutMs),
  })
  const environments = new Map<string, EnvironmentPool>()
  const problems = new Map<string, string>()
  for (const environment of config.environments) {
    const { name, poolSize, problem } = environment
    if (problem !== undefined) {
      logger.error({ environment: name, problem }, 'an environment cannot be used')
      problems.set(name, problem)
      continue
    }
    const spec = { ...containerSpec(config, owner, environment), seccompProfile }
    // Resolved once: setup may move the name to an image with untried walls and a runner for another server version.
    const image = new SharedAttempt(async () => {
      const id = await engine.imageId(spec.image)
      logger.info({ environment: name, image: spec.image, id }, 'programs run in this image')
      return id
    })
    const pool = new Pool({
      size: poolSize,
      maxAgeMs: warmMaxAgeMs,
      maxWaitMs: startTimeoutMs,
      containers,
      pace,
      start: () =>
        new Sandbox({
          engine,
          spec,
          imageId: image.get(),
          userId: users.next().value,
          startTimeoutMs,
          onKilled: () => events.onKilled(name),
        }),
      isCrowded: () => gate.isFull,
      environment: name,
      events,
      logger,
    })
    environments.set(name, { pool, memoryBytes: spec.limits.memoryBytes })
  }
  const executor = new DockerExecutor({
    gate,
    environments,
    problems,
    pace,
    outputLimitBytes: config.MAX_OUTPUT_BYTES,
    collectionLimits: collectionLimits(config),
    logger,
  })
  void leftovers.look()
  return {
    executor,
    gate,
    state: () => ({
      running: gate.running,
      maxRunning: config.MAX_RUNNING,
      waiting: gate.waiting,
      maxWaiting: maxWaiting(config),
      containers: containers.counts,
      maxContainers: containers.max,
      pools: Object.fromEntries([...environments].map(([name, { pool }]) => [name, pool.state])),
    }),
    close: async () => {
      for (const { pool } of environments.values()) pool.close()
      await containers.close()
      await leftovers.close()
    },
  }
}
