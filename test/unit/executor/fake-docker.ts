// Runs on a fake `docker`, which plays what a real engine can't be made to show: test/support/fake-docker.mjs.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { pino } from 'pino'
import { afterEach, beforeEach } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import { createDockerExecutor, type DockerParts } from '../../../src/executor/create.ts'
import type { RunOptions } from '../../../src/executor/executor.ts'
import type { Outcome } from '../../../src/outcome.ts'
import { ownRequest, type RunRequest } from '../../../src/run.ts'

const COMMAND = `${import.meta.dirname}/../../support/fake-docker.mjs`

export interface FakeDocker {
  /** Runs one program in containers of this behaviour; no pool where the settings ask for none. */
  run: (
    behaviour: string,
    settings?: Record<string, string>,
    request?: Partial<RunRequest>,
    options?: Partial<RunOptions>,
  ) => Promise<Outcome>
  /** What `docker` was called with, of one of its commands. */
  calls: (command: string) => string[]
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
  return {
    run: (behaviour, settings = {}, request = {}, options = {}) => {
      const config = parseConfig({
        ...{ DOCKER_BIN: COMMAND, SANDBOX_IMAGE: behaviour, POOL_SIZE: '0', DATA_POOL_SIZE: '0' },
        ...settings,
      })
      parts = createDockerExecutor(config, pino({ level: 'silent' }))
      return parts.executor.run(
        ownRequest({ code: 'pass', environment: 'python', timeoutSeconds: 10, ...request }),
        { signal: new AbortController().signal, ...options },
      )
    },
    calls: (command) =>
      readFileSync(`${folder}/calls`, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith(`${command} `)),
    close: () => parts.close(),
  }
}
