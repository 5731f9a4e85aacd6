// The corpus: programs in test/attacks/, one a file, with the expected outcome as JSON in the first line.
//
//     # expect {"status": "timeout", "request": {"timeoutSeconds": 1}}
//
// The whole file is sent, the first line too, so line numbers are those of the file.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { isGvisor } from '../engines/container-spec.ts'
import { type Outcome, outcomeSchema } from '../run/outcome.ts'
import { GVISOR_DIFFERENCES } from './gvisor.ts'

const status = outcomeSchema.shape.status

const DEFAULT_TIMEOUT_SECONDS = 10
const SAMPLE = Number(process.env.ATTACK_SAMPLE ?? 1)

/** gVisor needs this long to end a sandbox on a busy machine, in milliseconds. */
const GVISOR_GRACE_MS = 4000

const expectationSchema = z.strictObject({
  /** One status, or several if the kernel decides. */
  status: z.union([status, z.array(status).min(2)]),
  output: z.string().optional(),
  /** Regular expressions, in JavaScript's words, that must match somewhere. */
  outputMatches: z.string().optional(),
  error: z.string().optional(),
  errorMatches: z.string().optional(),
  stderrMatches: z.string().optional(),
  exitCode: z.number().nullable().optional(),
  signal: z.string().nullable().optional(),
  truncated: z.boolean().optional(),
  /** How late the answer to a run that was ended may be, in milliseconds: the contract's half second, and half for a busy machine. */
  graceMs: z.number().default(1000),
  /** Most milliseconds of `durationMs`, and of `cpuMs`. */
  maxDurationMs: z.number().optional(),
  maxCpuMs: z.number().optional(),
  /** How often it is run: the first two at the same time, the others one after the other. */
  runs: z.int().min(1).default(1),
  /** Whether all its runs must print something else. */
  distinctOutputs: z.boolean().default(false),
  /** Fields of the request beside the code. */
  request: z
    .strictObject({
      stdin: z.string().optional(),
      args: z.array(z.string()).optional(),
      env: z.record(z.string(), z.string()).optional(),
      timeoutSeconds: z.number().optional(),
    })
    .default({}),
})

export type Expectation = z.output<typeof expectationSchema>

export interface Attack {
  /** Name of the file, without `.py`. */
  name: string
  code: string
  expectation: Expectation
}

const FOLDER = new URL('../../test/attacks/', import.meta.url)

/**
 * All programs of the corpus, with what a runtime makes of them; with ATTACK_SAMPLE=N only every N-th, of each group.
 * @throws {Error} if this installation has none of them.
 */
export function readCorpus(runtime = process.env.SANDBOX_RUNTIME ?? ''): Attack[] {
  if (!existsSync(FOLDER)) {
    throw new Error(
      'the programs are not installed: they are in the npm package and in a checkout, but not in the image of the server',
    )
  }
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.py'))
    .sort()
    .filter((_, place) => place % SAMPLE === 0)
    .map((file) => {
      const code = readFileSync(new URL(file, FOLDER), 'utf8')
      const json = code.match(/^# expect (\{.*\})$/m)?.[1]
      if (!json || !code.startsWith('# expect ')) throw new Error(`${file}: no expectation`)
      const name = file.replace(/\.py$/, '')
      const expectation = expectationSchema.parse(JSON.parse(json))
      return {
        name,
        code,
        expectation: isGvisor(runtime)
          ? inGvisor(name, expectation)
          : withEngine(name, expectation),
      }
    })
}

/** Other outputs under runc and crun: no watches of files (src/engines/seccomp.ts), and a read-only /dev. */
const OCI_OUTPUTS: Readonly<Record<string, string>> = {
  'h-mounts-are-read-only': "['/dev/mqueue', '/dev/pts', '/dev/shm', '/proc', '/tmp']",
  'i-use-up-what-the-user-may-have': "['inotify']",
}

function withEngine(name: string, expectation: Expectation): Expectation {
  const output = OCI_OUTPUTS[name]
  const isOci = ['runc', 'crun'].includes(process.env.ENGINE ?? '')
  return isOci && output !== undefined ? { ...expectation, output } : expectation
}

/** Under gVisor some programs end in another way, and everything takes longer to be ended. */
function inGvisor(name: string, expectation: Expectation): Expectation {
  const { runs, distinctOutputs, request, maxDurationMs } = expectation
  const other = GVISOR_DIFFERENCES[name]
  const end = other ? expectationSchema.parse({ request, ...other }) : expectation
  return {
    ...end,
    runs,
    distinctOutputs,
    graceMs: GVISOR_GRACE_MS,
    ...(maxDurationMs && { maxDurationMs: maxDurationMs + GVISOR_GRACE_MS }),
  }
}

/** The body of a request to /run. */
export type AttackRequest = Expectation['request'] & { code: string }

/** Runs an attack as often as its expectation says, and compares. Each problem is a line about a difference. */
export async function attempt(
  { code, expectation }: Attack,
  run: (request: AttackRequest) => Promise<Outcome>,
) {
  const once = () => run({ code, ...expectation.request })
  const outcomes = await Promise.all(expectation.runs === 1 ? [once()] : [once(), once()])
  while (outcomes.length < expectation.runs) outcomes.push(await once())
  const problems = outcomes.flatMap((outcome) => differences(expectation, outcome))
  const outputs = new Set(outcomes.map(({ output }) => output))
  if (expectation.distinctOutputs && outputs.size < outcomes.length) {
    problems.push(`two runs had the same output: ${outcomes[0]?.output}`)
  }
  return { outcomes, problems }
}

function differences(expectation: Expectation, outcome: Outcome): string[] {
  const problems: string[] = []
  const allowed = [expectation.status].flat()
  if (!allowed.includes(outcome.status)) problems.push(`status ${outcome.status}`)
  for (const field of ['output', 'error', 'exitCode', 'signal', 'truncated'] as const) {
    const wanted = expectation[field]
    if (wanted !== undefined && outcome[field] !== wanted) {
      problems.push(`${field} ${JSON.stringify(outcome[field])}`)
    }
  }
  for (const field of ['output', 'error', 'stderr'] as const) {
    const pattern = expectation[`${field}Matches`]
    if (pattern !== undefined && !new RegExp(pattern).test(outcome[field])) {
      problems.push(`${field} ${JSON.stringify(outcome[field].slice(0, 500))}`)
    }
  }
  const limitMs = (expectation.request.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000
  const { maxDurationMs = limitMs + expectation.graceMs, maxCpuMs = Number.POSITIVE_INFINITY } =
    expectation
  if (outcome.durationMs > maxDurationMs) problems.push(`durationMs ${outcome.durationMs}`)
  if (outcome.cpuMs > maxCpuMs) problems.push(`cpuMs ${outcome.cpuMs}`)
  return problems
}
