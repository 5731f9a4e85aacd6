// npm run report: performs the five tests and the three experiments against a real engine, and writes REPORT.md.
//
// Each output in the report is the answer of a real run of this call. An answer that is not as expected is marked there,
// and the exit code is 1.

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { pino } from 'pino'
import { parseConfig } from '../src/config/config.ts'
import { userIds } from '../src/engines/container-spec.ts'
import { dockerRunArgs } from '../src/engines/printed-limits.ts'
import { createDockerExecutor } from '../src/executor/create.ts'
import { inspectWalls } from '../src/executor/inspect.ts'
import { containerSpec } from '../src/executor/spec.ts'
import type { Finding } from '../src/executor/walls.ts'
import type { Executor } from '../src/run/executor.ts'
import type { Outcome } from '../src/run/outcome.ts'
import { ownRequest } from '../src/run/request.ts'
import { EXAMPLES } from '../src/ui/examples.ts'

/** System calls of x86-64 that Docker 20.10's own profile allows, counted in the filter that its runc installs. */
const DOCKER_PROFILE_CALLS = 291

const config = parseConfig(process.env)
const spec = containerSpec(config, 'report')
const users = userIds()

interface Experiment {
  title: string
  code: string
  /** Whether the answer is right. */
  expected: (outcome: Outcome) => boolean
  /** The conclusion, in one sentence. */
  says: string
}

function example(id: string): string {
  const found = EXAMPLES.find((candidate) => candidate.id === id)
  if (!found) throw new Error(`no example ${id}`)
  return found.code
}

const WORKED: readonly Experiment[] = [
  {
    title: 'Test 1: an ordinary program',
    code: example('hello'),
    expected: ({ status, output }) => status === 'ok' && output.endsWith('\n4'),
    says: 'An ordinary program runs as it would on your own machine.',
  },
  {
    title: 'Experiment A: reading /etc/passwd',
    code: example('passwd'),
    expected: ({ status, output }) => status === 'ok' && output.startsWith('root:x:0:0'),
    says: 'The program can read the file. It is that of the image, without an account of the host.',
  },
  {
    title: 'Experiment B: writing to /tmp, first run',
    code: example('write-tmp'),
    expected: ({ output }) => output === 'before: False\nafter: gone when this run ends',
    says: 'A program can write to /tmp.',
  },
  {
    title: 'Experiment B: writing to /tmp, second run',
    code: example('write-tmp'),
    expected: ({ output }) => output.startsWith('before: False'),
    says: 'The second run does not find the file of the first one, because it has a container of its own.',
  },
]

const PREVENTED: readonly Experiment[] = [
  {
    title: 'Test 2: an infinite loop',
    code: example('infinite-loop'),
    expected: ({ status }) => status === 'timeout',
    says: 'The runner in the container ends the program. If it could not, a watchdog on the host would.',
  },
  {
    title: 'Test 3: a memory bomb',
    code: example('memory-bomb'),
    expected: ({ status }) => status === 'oom',
    says: 'The kernel ends the program at the limit of its cgroup. There is no swap.',
  },
  {
    title: 'Test 4: the network',
    code: example('network'),
    expected: ({ status, durationMs }) => status === 'error' && durationMs < 5000,
    says: 'The container has no interface but loopback, so the program fails at once and not after a wait.',
  },
  {
    title: 'Test 5: the file system, which is experiment C: writing to /usr/bin',
    code: example('write-image'),
    expected: ({ error }) => error.includes('Read-only file system'),
    says: 'The image is mounted read-only.',
  },
]

const sections: string[] = []
const surprises: string[] = []

function say(text: string): void {
  sections.push(text)
}

async function perform(executor: Executor, { title, code, expected, says }: Experiment) {
  console.error(`  ${title}`)
  const request = ownRequest({ code, environment: 'python', timeoutSeconds: 10 })
  const outcome = await executor.run(request, { signal: AbortSignal.timeout(60_000) })
  const good = expected(outcome)
  if (!good) surprises.push(title)
  const { output, error, status, exitCode, signal, durationMs, cpuMs, peakMemoryBytes } = outcome
  const answer = { output, error, status, exitCode, signal, durationMs, cpuMs, peakMemoryBytes }
  say(`### ${title}

\`\`\`python
${code.trimEnd()}
\`\`\`

\`\`\`json
${JSON.stringify(answer, null, 2)}
\`\`\`

${good ? says : '**Not as expected.**'}`)
}

/** Experiment C, layer by layer: the same write with and without --read-only, as nobody and as root. */
async function withoutLayers(): Promise<string> {
  const command = ['python3', '-I', '-c', 'open("/usr/bin/evil", "w"); print("written")']
  const rows: string[] = []
  for (const [title, change] of [
    ['all layers', (args: string[]) => args],
    ['without `--read-only`', without('--read-only')],
    ['as root, with `--read-only`', asRoot],
    ['as root, without `--read-only`', (args: string[]) => asRoot(without('--read-only')(args))],
  ] as const) {
    const name = `safe-code-executor-report-${randomBytes(6).toString('hex')}`
    const args = dockerRunArgs({ name, userId: users.next().value }, spec, command)
    const { stdout, stderr } = await execa(config.DOCKER_BIN, change(args), {
      input: '',
      reject: false,
    })
    const last = stdout.trim() || stderr.trim().split('\n').at(-1) || 'nothing'
    rows.push(`| ${title} | \`${last}\` |`)
  }
  return ['| container | what the program says |', '| --- | --- |', ...rows].join('\n')
}

function without(flag: string): (args: string[]) => string[] {
  return (args) => args.filter((arg) => arg !== flag)
}

function asRoot(args: string[]): string[] {
  return args.map((arg, index) => (args[index - 1] === '--user' ? '0:0' : arg))
}

async function environment(findings: readonly Finding[]): Promise<string> {
  const ask = async (args: string[]) =>
    (await execa(config.DOCKER_BIN, args, { reject: false, stdin: 'ignore' })).stdout.trim()
  const info = (format: string) => ask(['info', '--format', format])
  const name = `safe-code-executor-report-${randomBytes(6).toString('hex')}`
  const identity = { name, userId: users.next().value }
  const python = await ask(dockerRunArgs(identity, spec, ['python3', '-I', '--version']))
  const rows = [
    ['Docker engine', await info('{{.ServerVersion}}')],
    ['operating system', await info('{{.OperatingSystem}}')],
    ['kernel', await info('{{.KernelVersion}}')],
    ['cgroup', `version ${await info('{{.CgroupVersion}}')}`],
    ['runtime', config.SANDBOX_RUNTIME || (await info('{{.DefaultRuntime}}'))],
    ['Python in the container', python.replace('Python ', '')],
    ['walls that hold', `${findings.filter(({ holds }) => holds).length} of ${findings.length}`],
  ]
  return ['| what | version |', '| --- | --- |', ...rows.map(([k, v]) => `| ${k} | ${v} |`)].join(
    '\n',
  )
}

function allowedCalls(): number {
  const { syscalls } = JSON.parse(readFileSync('sandbox/seccomp.json', 'utf8')) as {
    syscalls: { names: string[]; action: string }[]
  }
  const allowing = syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
  return new Set(allowing.flatMap(({ names }) => names)).size
}

function wallTable(findings: readonly Finding[]): string {
  const rows = findings.map(
    ({ wall, tried, seen, holds }) =>
      `| ${wall} | ${tried} | ${seen} | ${holds ? 'holds' : '**missing**'} |`,
  )
  return ['| wall | trial | observation | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

const { executor, close } = createDockerExecutor(
  { ...config, POOL_SIZE: 1 },
  pino({ level: 'silent' }),
)
try {
  console.error('report: trying the walls')
  const findings = await inspectWalls(executor, spec, AbortSignal.timeout(60_000))
  for (const { wall, holds } of findings) if (!holds) surprises.push(wall)
  say('# Docker Sandbox Security: Experiment Report')
  say(
    'Written by `npm run report`. Every output below is the answer of a real run on the machine that it describes.',
  )
  say(await environment(findings))
  say('## What Worked')
  for (const experiment of WORKED) await perform(executor, experiment)
  say('## What Failed or Was Prevented')
  for (const experiment of PREVENTED) await perform(executor, experiment)
  say(`### Experiment C, layer by layer

The same program in the same container, each time with a layer removed:

${await withoutLayers()}

### Every wall, tried from inside

${wallTable(findings)}`)
  say(`## What I Learned

- **One flag is one layer.** Without \`--read-only\` the user still can't write to \`/usr/bin\`, and root can't while
  \`--read-only\` holds. Only both mistakes together let the program write. The flags are cheap, so the service uses all of
  them.
- **The time limit needs three clocks.** One in the container, because it is exact and keeps the output; one on the host,
  because a program may stop the first one; \`timeout\` around the container's life, because the host may die.
- **137 says nothing.** A timeout, a memory kill and a program that kills itself all end with it. The answer names the
  limit that was hit, because the runner reads the kernel's counter.
- **The default profile of system calls is wide.** Docker's allows ${DOCKER_PROFILE_CALLS} calls of x86-64, and all calls
  of 32 bits; this image's programs need no more than the ${allowedCalls()} of \`sandbox/seccomp.json\`. Closed now and open
  before: \`ptrace\`, \`io_uring\`, System V IPC, and \`AF_VSOCK\`, which reaches past the network namespace to the hypervisor.
- **The kernel counts by user.** Inotify watches, pipe memory and queued signals are limited by user and not by container,
  so containers that share a user can starve each other. Each one has its own.
- **A sandbox needs a list of its gaps.** A hole in the kernel is a hole in every container: see
  [SECURITY.md](SECURITY.md#not-stopped).`)
  writeFileSync('REPORT.md', `${sections.join('\n\n')}\n`)
  console.error('report: REPORT.md is written')
} finally {
  await close()
}
if (surprises.length > 0) {
  console.error(`report: not as expected: ${surprises.join('; ')}`)
  process.exitCode = 1
}
