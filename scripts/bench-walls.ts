// npm run bench:walls: what the walls cost, each compared in turns with its alternative, all in one run.
//
// Our profile of system calls against Docker's own: the start of a container, and 300,000 system calls in it.
// gVisor against the engine's default runtime, where the engine knows runsc: warm and cold answers.
// BENCH_ROUNDS (default 20) is the number of single measurements of each.

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { pino } from 'pino'
import { parseConfig } from '../src/config/config.ts'
import { userIds } from '../src/engines/container-spec.ts'
import { dockerRunArgs } from '../src/engines/printed-limits.ts'
import { createDockerExecutor } from '../src/executor/create.ts'
import { containerSpec } from '../src/executor/spec.ts'
import { ownRequest } from '../src/run/request.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20)
const CALLS_PROGRAM = `import os, time
start = time.perf_counter()
for _ in range(300_000): os.getppid()
print((time.perf_counter() - start) * 1000)`

const config = parseConfig(process.env)
const spec = containerSpec(config, 'bench')
const users = userIds()

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function report(what: string, ours: readonly number[], other: readonly number[]): void {
  const [a, b] = [median(ours), median(other)]
  console.log(`${what.padEnd(52)} ${a.toFixed(1)} ms / ${b.toFixed(1)} ms = ${(a / b).toFixed(2)}`)
}

async function milliseconds(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

/** Plain `docker run` of a program with every flag, and with our profile or the engine's own. */
async function plainRun(code: string, ourProfile: boolean): Promise<string> {
  const name = `safe-code-executor-bench-${randomBytes(6).toString('hex')}`
  const identity = { name, userId: users.next().value }
  const args = dockerRunArgs(identity, spec, ['python3', '-I', '-c', code])
  const isProfile = (place: number) => args[place]?.startsWith('seccomp=') ?? false
  const kept = args.filter((_, place) => ourProfile || !(isProfile(place) || isProfile(place + 1)))
  return (await execa(config.DOCKER_BIN, kept, { input: '' })).stdout
}

async function profiles(): Promise<void> {
  const times = { oursStart: [], otherStart: [], oursCalls: [], otherCalls: [] } as Record<
    string,
    number[]
  >
  for (let round = 0; round < ROUNDS; round += 1) {
    times.oursStart?.push(await milliseconds(() => plainRun('print(4)', true)))
    times.otherStart?.push(await milliseconds(() => plainRun('print(4)', false)))
    times.oursCalls?.push(Number(await plainRun(CALLS_PROGRAM, true)))
    times.otherCalls?.push(Number(await plainRun(CALLS_PROGRAM, false)))
  }
  const { oursStart = [], otherStart = [], oursCalls = [], otherCalls = [] } = times
  report('docker run, our profile / Docker’s', oursStart, otherStart)
  report('300,000 system calls, our profile / Docker’s', oursCalls, otherCalls)
}

async function answers(runtime: string, poolSize: number) {
  const logger = pino({ level: 'silent' })
  const settings = { ...config, SANDBOX_RUNTIME: runtime, POOL_SIZE: poolSize }
  const { executor, close } = createDockerExecutor(settings, logger)
  const request = ownRequest({ code: 'print(2+2)', environment: 'python', timeoutSeconds: 10 })
  const answer = () => executor.run(request, { signal: AbortSignal.timeout(60_000) })
  return { answer, close }
}

async function runtimes(): Promise<void> {
  const { stdout } = await execa(config.DOCKER_BIN, ['info', '--format', '{{json .Runtimes}}'])
  if (!stdout.includes('"runsc"')) {
    console.log('gVisor: not known to the engine (SETUP_GVISOR=1 npm run setup)')
    return
  }
  for (const [what, poolSize, pauseMs] of [
    ['warm', 1, 3000],
    ['cold', 0, 1000],
  ] as const) {
    const gvisor = await answers('runsc', poolSize)
    const plain = await answers('', poolSize)
    await pause(pauseMs)
    const times: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [side, { answer }] of [gvisor, plain].entries()) {
        times[side]?.push(await milliseconds(answer))
        await pause(pauseMs) // containers are removed and made behind the answer
      }
    }
    await Promise.all([gvisor.close(), plain.close()])
    report(`an answer, ${what}: gVisor / the default runtime`, ...times)
  }
}

await profiles()
await runtimes()
