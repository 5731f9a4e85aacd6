// safe-code-executor doctor: tries every wall on this host, and prints what was tried, what was seen, and what to do.

import { availableParallelism } from 'node:os'
import { Command } from 'commander'
import { execa } from 'execa'
import { pino } from 'pino'
import { type Config, parseConfig } from '../config/config.ts'
import { createDockerExecutor } from '../executor/create.ts'
import type { ContainerSpec } from '../executor/flags.ts'
import { inspectWalls } from '../executor/inspect.ts'
import { containerSpec } from '../executor/spec.ts'
import type { Finding } from '../executor/walls.ts'
import type { Executor } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { ownRequest } from '../run/request.ts'

const HELP = `
  safe-code-executor doctor                                the walls around a container, from inside
  SANDBOX_RUNTIME=runsc safe-code-executor doctor          the same under another runtime
  npm run doctor                                           in a checkout: sets up what is missing before

It runs a handful of small programs in containers of their own and sends nothing over the network.
Ends with 0 where every wall holds, with 1 where one is missing, with 2 where nothing could be tried.`

/** Longest trial of one wall, in milliseconds. */
const TRIAL_TIMEOUT_MS = 120_000
/** How much more CPU time than its share a program may get: the kernel hands it out in slices. */
const QUOTA_TOLERANCE = 1.3
const BURN_SECONDS = 2
/** Longest that taking all memory may take: gigabytes take a while. */
const MEMORY_TRIAL_SECONDS = 60
/** How late the answer of a timed-out run may be, in milliseconds: the contract's half second. */
const ANSWER_GRACE_MS = 500

/** The command `doctor`. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('try every wall on this host')
    .description(
      'Tries whether this host really enforces every limit, with the settings of the environment.',
    )
    .addHelpText('after', HELP)
    .action(async () => {
      process.exitCode = await tryWalls(parseConfig(process.env))
    })
}

/** The exit code. @throws {Error} where nothing could be tried. */
async function tryWalls(config: Config): Promise<number> {
  await printEngine(config)
  const logger = pino({ level: 'silent' })
  const { executor, close } = createDockerExecutor(
    { ...config, POOL_SIZE: 1, DATA_POOL_SIZE: 0 },
    logger,
  )
  const findings: Finding[] = []
  try {
    for (const environment of config.ENVIRONMENTS) {
      const spec = containerSpec(config, 'doctor', environment)
      console.log(`environment ${environment}, image ${spec.image}`)
      for (const trial of TRIALS) {
        for (const finding of await trial(executor, spec)) {
          findings.push(finding)
          console.log(line(finding))
        }
      }
    }
  } finally {
    await close()
  }
  const missing = findings.filter(({ holds }) => !holds)
  console.log(`\n${findings.length - missing.length} walls hold, ${missing.length} missing`)
  for (const { wall, advice } of missing) console.log(`  ${wall}: ${advice}`)
  return missing.length === 0 ? 0 : 1
}

/** What `info --format` prints: the engine, its cgroups, its default runtime. */
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

type Trial = (executor: Executor, spec: ContainerSpec) => Promise<Finding[]>

const TRIALS: readonly Trial[] = [
  (executor, spec) => inspectWalls(executor, spec, AbortSignal.timeout(TRIAL_TIMEOUT_MS)),
  tryMemory,
  tryQuota,
  tryTimeLimit,
  tryWatchdog,
]

/** Half as much again as the limit: with swap it would fit. */
async function tryMemory(executor: Executor, spec: ContainerSpec): Promise<Finding[]> {
  const code = `import sys
blocks = []
for _ in range(int(sys.argv[1]) // 2**20 * 3 // 2):
    blocks.append(bytearray(b"x" * 2**20))
print("survived")`
  const outcome = await run(executor, spec, code, MEMORY_TRIAL_SECONDS, [
    String(spec.limits.memoryBytes),
  ])
  const seen =
    outcome.output === 'survived' ? 'it got all of it' : `${outcome.status}: ${outcome.error}`
  return [
    {
      wall: 'memory, without swap',
      tried: 'took half as much again as the limit',
      seen,
      holds: outcome.output !== 'survived' && ['oom', 'killed', 'error'].includes(outcome.status),
      advice:
        'see the warnings of `docker info`; where swap is the reason, switch it off or boot with swapaccount=1',
    },
  ]
}

async function tryQuota(executor: Executor, spec: ContainerSpec): Promise<Finding[]> {
  const { limits } = spec
  const code = 'import os\nos.fork()\nos.fork()\nwhile True: pass'
  const { cpuMs, durationMs } = await run(executor, spec, code, BURN_SECONDS)
  const allowedMs = limits.cpus * durationMs * QUOTA_TOLERANCE
  const cores = availableParallelism()
  const seen = `${cpuMs} ms of CPU in ${durationMs} ms, quota ${limits.cpus}`
  return [
    {
      wall: 'CPU',
      tried: 'computed in four processes at once',
      seen: cores <= limits.cpus ? `${seen}; this host has no more to give` : seen,
      holds: cpuMs <= allowedMs,
      advice: 'the engine does not enforce it: see the warnings of `docker info`',
    },
  ]
}

async function tryTimeLimit(executor: Executor, spec: ContainerSpec): Promise<Finding[]> {
  const code =
    'import signal\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\nwhile True: pass'
  return [
    timeFinding('time', 'ignored signals and went on for ever', await run(executor, spec, code, 1)),
  ]
}

async function tryWatchdog(executor: Executor, spec: ContainerSpec): Promise<Finding[]> {
  const code =
    'import os, signal, time\ntime.sleep(.2)\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: time.sleep(1)'
  const outcome = await run(executor, spec, code, 1)
  return [timeFinding('watchdog', 'stopped what ends a program inside', outcome)]
}

function timeFinding(wall: string, tried: string, { status, durationMs }: Outcome): Finding {
  const lateMs = durationMs - 1000
  return {
    wall,
    tried,
    seen: `${status} after ${durationMs} ms, limit 1000 ms${lateMs > ANSWER_GRACE_MS ? '; this host is slow or busy' : ''}`,
    holds: status === 'timeout',
    advice: 'the server must be able to reach the engine while programs run: see its log',
  }
}

function run(
  executor: Executor,
  { environment }: ContainerSpec,
  code: string,
  timeoutSeconds: number,
  args: string[] = [],
): Promise<Outcome> {
  const signal = AbortSignal.timeout(TRIAL_TIMEOUT_MS)
  return executor.run(ownRequest({ code, environment, args, timeoutSeconds }), { signal })
}

async function printEngine({ DOCKER_BIN, SANDBOX_RUNTIME }: Config): Promise<void> {
  const info = async (format: string) => {
    const { stdout } = await execa(DOCKER_BIN, ['info', '--format', format], {
      reject: false,
      stdin: 'ignore',
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    return stdout?.trim() || 'unknown'
  }
  const [engine, cgroup, runtime] = await Promise.all(
    (DOCKER_BIN.includes('podman') ? PODMAN_INFO : DOCKER_INFO).map(info),
  )
  console.log(`engine   ${engine}`)
  console.log(`cgroup   ${cgroup}`)
  console.log(`runtime  ${SANDBOX_RUNTIME || `${runtime} (the default of the engine)`}\n`)
}

function line({ wall, tried, seen, holds }: Finding): string {
  return `${holds ? 'holds  ' : 'MISSING'}  ${wall.padEnd(26)} ${tried}: ${seen}`
}
