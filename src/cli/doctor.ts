// safe-code-executor doctor: tries every wall on this host, and prints each trial, its result, and advice.

import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { execa } from 'execa'
import { pino } from 'pino'
import { type Config, parseConfig } from '../config/config.ts'
import { type CgroupLayout, Cgroups } from '../engines/cgroups.ts'
import type { ContainerSpec } from '../engines/container-spec.ts'
import { OCI_RUNTIMES } from '../engines/oci-engine.ts'
import type { Environment } from '../environments/environment.ts'
import { createDockerExecutor } from '../executor/create.ts'
import { inspectWalls } from '../executor/inspect.ts'
import { containerSpec } from '../executor/spec.ts'
import type { Finding } from '../executor/walls.ts'
import type { Executor } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { ownRequest } from '../run/request.ts'

const HELP = `
  safe-code-executor doctor                                the walls around a container, from inside
  SANDBOX_RUNTIME=runsc safe-code-executor doctor          the same under another runtime
  npm run doctor                                           in a checkout: installs what is missing first

Runs a few small programs, each in its own container, and sends nothing over the network.
Exit code: 0 if every wall holds, 1 if one is missing, 2 if nothing could be tried.`

/** Longest trial of one wall, in milliseconds. */
const TRIAL_TIMEOUT_MS = 120_000
/** How much more CPU time than its share a program may get: the kernel hands it out in slices. */
const QUOTA_TOLERANCE = 1.3
const BURN_SECONDS = 2
/** Longest that taking all memory may take: gigabytes take a while. */
const MEMORY_TRIAL_SECONDS = 60
/** How late the answer of a timed-out run may be, in milliseconds: the contract's half second. */
const ANSWER_GRACE_MS = 500
const TIME_ADVICE = 'the server must be able to reach the engine while programs run: see its log'

const CGROUP_VERSIONS: Readonly<Record<CgroupLayout, string>> = {
  v1: '1',
  v2: '2',
  hybrid: '1, with 2 beside it; both runtimes can use it',
}

/** The command `doctor`. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('try every wall on this host')
    .description(
      'Tests that this host enforces every limit, with the settings from the environment.',
    )
    .addHelpText('after', HELP)
    .action(async () => {
      process.exitCode = await tryWalls(parseConfig(process.env))
    })
}

/** The exit code. @throws {Error} if nothing could be tried. */
async function tryWalls(config: Config): Promise<number> {
  await printEngine(config)
  const logger = pino({ level: 'silent' })
  const [first, ...others] = config.environments
  const { executor, close } = createDockerExecutor(
    { ...config, environments: [{ ...first, poolSize: 1 }, ...others.map(withoutPool)] },
    logger,
  )
  const findings: Finding[] = []
  const problems: Environment[] = []
  let failure: unknown
  try {
    for (const environment of config.environments) {
      if (environment.problem !== undefined) {
        problems.push(environment)
        continue
      }
      const spec = containerSpec(config, 'doctor', environment)
      const runtime = spec.runtime === '' ? '' : `, runtime ${spec.runtime}`
      console.log(`environment ${environment.name}, image ${spec.image}${runtime}`)
      try {
        for await (const finding of triedWalls(executor, spec)) {
          const { wall, tried, seen, holds } = finding
          const isOnly = config.environments.length === 1
          findings.push(isOnly ? finding : { ...finding, wall: `${environment.name}: ${wall}` })
          console.log(`${holds ? 'holds  ' : 'MISSING'}  ${wall.padEnd(26)} ${tried}: ${seen}`)
        }
      } catch (error) {
        failure ??= error
        problems.push({ ...environment, problem: causeOf(error) })
      }
    }
  } finally {
    await close()
  }
  if (findings.length === 0 && failure !== undefined) throw failure
  const missing = findings.filter(({ holds }) => !holds)
  console.log(`\n${findings.length - missing.length} walls hold, ${missing.length} missing`)
  for (const { wall, advice } of missing) console.log(`  ${wall}: ${advice}`)
  for (const { name, problem } of problems) {
    console.log(`The environment ${name} cannot be used: ${problem}`)
  }
  return missing.length === 0 && problems.length === 0 ? 0 : 1
}

/** The last cause of an error, which is what the engine said. */
function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause === undefined ? message : causeOf(cause)
}

const withoutPool = (environment: Environment): Environment => ({ ...environment, poolSize: 0 })

/** Formats of `info --format`: the engine, its cgroups, its default runtime. */
const DOCKER_INFO = [
  '{{.ServerVersion}} on {{.OperatingSystem}}, kernel {{.KernelVersion}}',
  'version {{.CgroupVersion}}, driver {{.CgroupDriver}}',
  '{{.DefaultRuntime}}',
]
const PODMAN_INFO = [
  'Podman {{.Version.Version}} on {{.Host.Distribution.Distribution}} {{.Host.Distribution.Version}}, kernel {{.Host.Kernel}}',
  'version {{.Host.CgroupsVersion}}, driver {{.Host.CgroupManager}}',
  '{{.Host.OCIRuntime.Name}}',
]

async function* triedWalls(executor: Executor, spec: ContainerSpec): AsyncGenerator<Finding> {
  yield* await inspectWalls(executor, spec, AbortSignal.timeout(TRIAL_TIMEOUT_MS))
  for (const { code, timeoutSeconds, judge, ...wall } of TRIALS) {
    const args = [String(spec.limits.memoryBytes)]
    const request = ownRequest({ code, args, timeoutSeconds, environment: spec.environment })
    const outcome = await executor.run(request, { signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS) })
    yield { ...wall, ...judge(outcome, spec.limits) }
  }
}

/** A program that runs into one wall, and what its outcome says of that. */
interface Trial extends Pick<Finding, 'wall' | 'tried' | 'advice'> {
  code: string
  timeoutSeconds: number
  judge: (outcome: Outcome, limits: ContainerSpec['limits']) => Pick<Finding, 'seen' | 'holds'>
}

const TRIALS: readonly Trial[] = [
  {
    wall: 'memory, without swap',
    tried: 'used 1.5 times the limit', // with swap it would fit
    code: `import sys
blocks = []
for _ in range(int(sys.argv[1]) // 2**20 * 3 // 2):
    blocks.append(bytearray(b"x" * 2**20))
print("survived")`,
    timeoutSeconds: MEMORY_TRIAL_SECONDS,
    judge: ({ output, status, error }) => ({
      seen: output === 'survived' ? 'the program got all of it' : `${status}: ${error}`,
      holds: output !== 'survived' && ['oom', 'killed', 'error'].includes(status),
    }),
    advice:
      'see the warnings of `docker info`; if swap is the reason, switch it off or boot with swapaccount=1',
  },
  {
    wall: 'CPU',
    tried: 'computed in four processes',
    code: 'import os\nos.fork()\nos.fork()\nwhile True: pass',
    timeoutSeconds: BURN_SECONDS,
    judge: ({ cpuMs, durationMs }, { cpus }) => {
      const seen = `${cpuMs} ms of CPU in ${durationMs} ms, quota ${cpus}`
      return {
        seen: availableParallelism() <= cpus ? `${seen}; this host has no more CPUs` : seen,
        holds: cpuMs <= cpus * durationMs * QUOTA_TOLERANCE,
      }
    },
    advice: 'the engine does not enforce it: see the warnings of `docker info`',
  },
  {
    wall: 'time',
    tried: 'ignored signals and never ended',
    code: 'import signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\nwhile True: pass',
    timeoutSeconds: 1,
    judge: judgeTime,
    advice: TIME_ADVICE,
  },
  {
    wall: 'watchdog',
    tried: 'stopped the process that ends the program',
    code: 'import os, signal, time\ntime.sleep(.2)\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: time.sleep(1)',
    timeoutSeconds: 1,
    judge: judgeTime,
    advice: TIME_ADVICE,
  },
]

/** Judges the outcome of a program whose time limit is a second. */
function judgeTime({ status, durationMs }: Outcome): Pick<Finding, 'seen' | 'holds'> {
  const isLate = durationMs - 1000 > ANSWER_GRACE_MS
  return {
    seen: `${status} after ${durationMs} ms, limit 1000 ms${isLate ? '; this host is slow or busy' : ''}`,
    holds: status === 'timeout',
  }
}

async function printEngine({ ENGINE, DOCKER_BIN, SANDBOX_RUNTIME }: Config): Promise<void> {
  const first = async (file: string, args: string[]) => {
    const options = { stdin: 'ignore', timeout: 10_000, killSignal: 'SIGKILL' } as const
    const { stdout } = await execa(file, args, { reject: false, ...options })
    return stdout?.trim() || 'unknown'
  }
  if (ENGINE !== 'docker') {
    const runtimes = OCI_RUNTIMES.map(async (name) => {
      const [version] = (await first(name, ['--version'])).split('\n')
      return version === 'unknown' ? `no ${name}` : version
    })
    console.log(`engine   ${ENGINE}, without a daemon`)
    console.log(`cgroup   version ${CGROUP_VERSIONS[new Cgroups().layout]}`)
    console.log(`runtimes ${(await Promise.all(runtimes)).join(', ')}\n`)
    return
  }
  const info = (format: string) => first(DOCKER_BIN, ['info', '--format', format])
  const [engine, cgroup, runtime] = await Promise.all(
    (DOCKER_BIN.includes('podman') ? PODMAN_INFO : DOCKER_INFO).map(info),
  )
  console.log(`engine   ${engine}`)
  console.log(`cgroup   ${cgroup}`)
  console.log(`runtime  ${SANDBOX_RUNTIME || `${runtime} (the default of the engine)`}\n`)
}
