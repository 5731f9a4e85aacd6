// Runs a program in an environment, then imports the modules that it loads beforehand, and says what stopped one.

import { pino } from 'pino'
import { type Config, withoutPools } from '../config/config.ts'
import type { Environment } from '../environments/environment.ts'
import { type ContainerOverrides, createDockerExecutor } from '../executor/create.ts'
import { NO_EVENTS } from '../executor/events.ts'
import { SECCOMP_PROFILE } from '../executor/spec.ts'
import type { Outcome } from '../run/outcome.ts'
import { ownRequest } from '../run/request.ts'
import { refusedCalls, tracingImport, withTracingProfile } from './refused-calls.ts'

/** How long one import may take, in seconds, unless the environment's programs may take longer. */
const IMPORT_SECONDS = 30
/** Longest time for one program with the start of its container, in milliseconds. */
const TRIAL_TIMEOUT_MS = 120_000

/** Keeps a container from loading anything beforehand: a module that fails there would tell nothing. */
const PRELOAD_OFF = { SANDBOX_PRELOAD: 'off' }

const IMPORT = `import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)`

/**
 * Runs an empty program, one for each module, then one that imports all of them, and yields a line for each.
 * @throws {Error} if no program can run, or one that names each module that cannot be imported, and why.
 */
export async function* checkPreload(
  config: Config,
  name: string,
  modules: readonly string[],
): AsyncGenerator<string> {
  const failures: string[] = []
  const [environment] = withoutPools(config, name).environments
  const together = modules.length > 1 ? [modules] : []
  const importing = programs(config, environment)
  try {
    // An image that was not made here may have no runner.
    const empty = await importing.run(IMPORT, [])
    if (empty.status !== 'ok') {
      throw new Error(
        `No program can run in the environment ${name}: ${why(empty, environment.memoryMb)}`,
      )
    }
    yield `a program runs, ${price(empty)}`
    for (const args of [...modules.map((module) => [module]), ...together]) {
      const what = args.length > 1 ? 'all of preload' : (args[0] ?? '')
      const outcome = await importing.run(IMPORT, args)
      if (outcome.status === 'ok') yield `${what}: imported, ${price(outcome)}`
      else if (args.length === 1 || failures.length === 0) {
        const calls = await callsRefusedTo(config, environment, args)
        failures.push(`${what}: ${why(outcome, environment.memoryMb)}${calls}`)
      }
    }
  } finally {
    await importing.close()
  }
  if (failures.length > 0) {
    throw new Error(
      `These modules cannot be imported in the environment ${name}:\n${failures.join('\n')}`,
    )
  }
}

/** Runs programs in an environment that loads nothing beforehand. */
function programs(config: Config, environment: Environment, overrides: ContainerOverrides = {}) {
  const bare = { ...environment, env: { ...environment.env, ...PRELOAD_OFF } }
  const logger = pino({ level: 'silent' })
  const settings = { ...config, environments: [bare] as const }
  const { executor, close } = createDockerExecutor(settings, logger, NO_EVENTS, overrides)
  const timeoutSeconds = Math.max(IMPORT_SECONDS, environment.maxTimeoutSeconds)
  const run = (code: string, args: readonly string[]) => {
    const request = { code, args: [...args], environment: environment.name, timeoutSeconds }
    return executor.run(ownRequest(request), { signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS) })
  }
  return { run, close }
}

/** The system calls that the import was refused, as the end of a sentence; empty if there is none. */
async function callsRefusedTo(
  config: Config,
  environment: Environment,
  modules: readonly string[],
): Promise<string> {
  const code = tracingImport()
  if (code === undefined) return ''
  return withTracingProfile(SECCOMP_PROFILE, async (seccompProfile) => {
    const traced = programs(config, environment, { seccompProfile })
    try {
      const calls = refusedCalls((await traced.run(code, modules)).output)
      return calls.length === 0 ? '' : `; refused system calls: ${calls.join(', ')}`
    } catch {
      return '' // the runner itself may not live with that filter here
    } finally {
      await traced.close()
    }
  })
}

function price({ cpuMs, peakMemoryBytes }: Outcome): string {
  return `${Math.round(cpuMs)} ms of CPU, ${Math.round(peakMemoryBytes / 2 ** 20)} MB`
}

function why({ status, error, stderr }: Outcome, memoryMb: number): string {
  if (status === 'oom') return `needs more than ${memoryMb} MB: raise memoryMb`
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return [error || status, ...(last && last !== error ? [last] : [])].join('; ')
}
