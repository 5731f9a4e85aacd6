// Runs on a fake `docker`, which plays what a real engine can't be made to show: test/support/fake-docker.sh.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type Logger, pino } from 'pino'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import {
  type ContainerOverrides,
  createDockerExecutor,
  type DockerParts,
} from '../../../src/executor/create.ts'
import { NO_EVENTS } from '../../../src/executor/events.ts'
import type { RunOptions } from '../../../src/run/executor.ts'
import type { Outcome } from '../../../src/run/outcome.ts'
import { ownRequest, type RunRequest } from '../../../src/run/request.ts'
import { environmentsFolder } from '../../support/environments.ts'

const COMMAND = `${import.meta.dirname}/../../support/fake-docker.sh`

/** An executor on the fake engine. */
export interface Started {
  run: (request?: Partial<RunRequest>, options?: Partial<RunOptions>) => Promise<Outcome>
  state: DockerParts['state']
}

export interface FakeDocker {
  /**
   * An executor whose containers have this behaviour; no pool where the settings ask for none. DATA_BEHAVIOUR and
   * DATA_POOL_SIZE are those of a second environment.
   */
  start: (
    behaviour: string,
    settings?: Record<string, string>,
    logger?: Logger,
    times?: ContainerOverrides,
  ) => Started
  /** Where the engine has what it knows: images, by their ids, and to which behaviour a name was moved. */
  folder: () => string
  /** Runs one program in containers of this behaviour; no pool where the settings ask for none. */
  run: (
    behaviour: string,
    settings?: Record<string, string>,
    request?: Partial<RunRequest>,
    options?: Partial<RunOptions>,
  ) => Promise<Outcome>
  /** What `docker` was called with, of one of its commands. */
  calls: (command: string) => string[]
  /** Waits until `docker` has been called with a command: a container is killed behind the answer too. */
  called: (command: string) => Promise<void>
  /** Throws all containers away. */
  close: () => Promise<void>
}

/** A fake engine for each test of a file. */
export function fakeDocker(): FakeDocker {
  let folder: string
  let parts: DockerParts
  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/safe-code-executor-test-`)
    process.env.FAKE_DOCKER_FOLDER = folder
  })
  afterEach(async () => {
    await parts.close()
    rmSync(folder, { recursive: true })
  })
  const calls = (command: string) =>
    readFileSync(`${folder}/calls`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${command} `))
  const start = (
    behaviour: string,
    settings: Record<string, string> = {},
    logger: Logger = pino({ level: 'silent' }),
    times: ContainerOverrides = {},
  ): Started => {
    const { DATA_BEHAVIOUR = '', DATA_POOL_SIZE = '0', ...others } = settings
    const environments = environmentsFolder({
      python: { image: behaviour },
      data: { image: DATA_BEHAVIOUR || 'good', memoryMb: 256, poolSize: Number(DATA_POOL_SIZE) },
    })
    const config = parseConfig({
      ...{ DOCKER_BIN: COMMAND, POOL_SIZE: '0', ENVIRONMENTS_DIR: environments },
      ...others,
    })
    parts = createDockerExecutor(config, logger, NO_EVENTS, times)
    const { executor, state } = parts
    return {
      state,
      run: (request = {}, options = {}) =>
        executor.run(
          ownRequest({ code: 'pass', environment: 'python', timeoutSeconds: 10, ...request }),
          { signal: new AbortController().signal, ...options },
        ),
    }
  }
  return {
    start,
    folder: () => folder,
    calls,
    called: (command) =>
      vi.waitFor(() => expect(calls(command)).not.toHaveLength(0), { timeout: 5000 }),
    run: (behaviour, settings, request, options) =>
      start(behaviour, settings).run(request, options),
    close: () => parts.close(),
  }
}
