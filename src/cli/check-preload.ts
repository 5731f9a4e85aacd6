// Imports the modules that an environment loads beforehand, each in a program behind all walls, and says what stopped it.

import { pino } from 'pino'
import { type Config, withoutPools } from '../config/config.ts'
import { createDockerExecutor } from '../executor/create.ts'
import type { Outcome } from '../run/outcome.ts'
import { ownRequest } from '../run/request.ts'

/** How long one import may take, in seconds, unless the environment's programs may take longer. */
const IMPORT_SECONDS = 30
/** Longest time for one program with the start of its container, in milliseconds. */
const TRIAL_TIMEOUT_MS = 120_000

/** Keeps a container from loading anything beforehand: a module that fails there would tell nothing. */
export const PRELOAD_OFF = { SANDBOX_PRELOAD: 'off' }

const IMPORT = `import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)`

/**
 * Imports the modules one after the other, then all of them in one program, and yields a line for each.
 * @throws {Error} that names each module that cannot be imported, and why.
 */
export async function* checkPreload(
  config: Config,
  name: string,
  modules: readonly string[],
): AsyncGenerator<string> {
  if (modules.length === 0) return
  const settings = withoutPools(config, name)
  const [own] = settings.environments
  const environment = { ...own, env: { ...own.env, ...PRELOAD_OFF } }
  const { executor, close } = createDockerExecutor(
    { ...settings, environments: [environment] },
    pino({ level: 'silent' }),
  )
  const importAll = (args: string[]) =>
    executor.run(
      ownRequest({
        code: IMPORT,
        args,
        environment: name,
        timeoutSeconds: Math.max(IMPORT_SECONDS, own.maxTimeoutSeconds),
      }),
      { signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS) },
    )
  const failures: string[] = []
  try {
    for (const module of modules) {
      const outcome = await importAll([module])
      if (outcome.status === 'ok') yield `${module}: imported, ${price(outcome)}`
      else failures.push(`${module}: ${why(outcome, own.memoryMb)}`)
    }
    if (failures.length === 0 && modules.length > 1) {
      const outcome = await importAll([...modules])
      if (outcome.status === 'ok') yield `all of preload: ${price(outcome)}`
      else failures.push(`all of preload together: ${why(outcome, own.memoryMb)}`)
    }
  } finally {
    await close()
  }
  if (failures.length > 0) {
    throw new Error(
      `These modules cannot be imported in the environment ${name}:\n${failures.join('\n')}`,
    )
  }
}

function price({ cpuMs, peakMemoryBytes }: Outcome): string {
  return `${Math.round(cpuMs)} ms of CPU, ${Math.round(peakMemoryBytes / 2 ** 20)} MB`
}

function why({ status, error, stderr }: Outcome, memoryMb: number): string {
  if (status === 'oom') return `needs more than ${memoryMb} MB: raise memoryMb`
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return [error || status, ...(last && last !== error ? [last] : [])].join('; ')
}
