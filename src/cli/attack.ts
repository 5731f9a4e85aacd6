// safe-code-executor attack: runs every program of the corpus on a server, and prints a table of the results.

import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { execa } from 'execa'
import { type Attack, type AttackRequest, attempt, readCorpus } from '../attacks/corpus.ts'
import { type Client, createClient, RefusedError } from '../client/client.ts'
import { type Outcome, outcomeSchema } from '../run/outcome.ts'
import { inOneLine } from './printed.ts'

const HELP = `
  safe-code-executor attack                          against its own server, started and stopped for it
  safe-code-executor attack --url https://HOST       against a deployment (the same programs, over HTTP)
  safe-code-executor attack --only h-                only the programs that try to get out
  SANDBOX_RUNTIME=runsc safe-code-executor attack    under gVisor, with the differences expected there; also with --url

The programs expect a server with the default limits. Run them only against your own server: they try to use up its
memory, processes and time.

Groups: a language, b output, c time, d memory, e processes and signals, f files, g network, h escape, i leaks between runs.
Exit code: 0 if everything was as expected, 1 if something was not, 2 if the programs could not be run.`

const GROUPS: Record<string, string> = {
  a: 'language behaviour',
  b: 'output',
  c: 'time',
  d: 'memory',
  e: 'processes and signals',
  f: 'files',
  g: 'network',
  h: 'escape and self-inspection',
  i: 'leaks between runs',
}
/** How often a request that was refused for now is sent again. */
const MAX_TRIES = 20
/** Longest wait for one answer, in milliseconds. */
const REQUEST_TIMEOUT_MS = 120_000

interface AttackFlags {
  url?: string
  key?: string
  only: string
  concurrency: number
}

/** The command `attack`. */
export function attackCommand(): Command {
  return new Command('attack')
    .summary('run the corpus of attacks against a server')
    .description('Runs attacks and unusual programs, and reports how each of them ended.')
    .option('--url <url>', 'the server to test; by default one is started for it')
    .option('--key <key>', 'API key of that server; by default SAFE_CODE_EXECUTOR_KEY')
    .option('--only <text>', 'only the programs whose name contains this', '')
    .option('--concurrency <n>', 'programs at a time, at most 64', toConcurrency, 2)
    .addHelpText('after', HELP)
    .action(async (flags: AttackFlags) => {
      process.exitCode = await attack(flags)
    })
}

function toConcurrency(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 64) return number
  throw new InvalidArgumentError('It must be a whole number from 1 to 64.')
}

/** The exit code. @throws {Error} if the programs could not be run. */
async function attack(flags: AttackFlags): Promise<number> {
  const attacks = readCorpus().filter(({ name }) => name.includes(flags.only))
  if (attacks.length === 0) throw new Error(`no program has "${flags.only}" in its name`)
  const key = flags.key ?? process.env.SAFE_CODE_EXECUTOR_KEY
  const target = flags.url ? { url: flags.url, stop: () => {} } : await startServer()
  try {
    const client = createClient({ url: target.url, ...(key && { key }) })
    const run = (request: AttackRequest) => post(client, request)
    await run({ code: 'print(2 + 2)' })
    return summary(await tryAll(attacks, flags.concurrency, run))
  } finally {
    target.stop()
  }
}

/** A server of this installation on a free port; it ends with this process, however that ends. */
async function startServer() {
  const [, main = ''] = process.argv
  const child = execa(process.execPath, [...process.execArgv, main, 'serve'], {
    env: { PORT: '0', RATE_LIMIT: 'off', LOG_LEVEL: 'info' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    buffer: false,
    reject: false,
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    createInterface(child.stdout).on('line', (line) => {
      const match = line.match(/"url":"([^"]+)"/)
      if (match?.[1]) resolve(match[1])
    })
  })
  return { url, stop: () => child.kill() }
}

/** One run. Waits and retries if the server is busy or limits the rate. */
async function post(client: Client, request: AttackRequest): Promise<Outcome> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
      return outcomeSchema.parse(await client.run(request, { signal }))
    } catch (error) {
      const isForNow = error instanceof RefusedError && [429, 503].includes(error.status)
      if (!isForNow || attempts === MAX_TRIES) throw error
      await pause((error.retryAfterSeconds ?? 1) * 1000)
    }
  }
}

async function tryAll(
  attacks: Attack[],
  concurrency: number,
  run: (request: AttackRequest) => Promise<Outcome>,
): Promise<Line[]> {
  const width = Math.max(...attacks.map(({ name }) => name.length))
  const lines: Line[] = []
  const queue = [...attacks]
  const work = async () => {
    for (let attack = queue.shift(); attack; attack = queue.shift()) {
      const line = await tryOne(attack, run)
      lines.push(line)
      const verdict = line.problems.length === 0 ? 'as expected' : 'NOT AS EXPECTED'
      const time = `${line.milliseconds} ms`.padStart(9)
      console.log(`${line.name.padEnd(width)}  ${line.seen.padEnd(12)} ${time}  ${verdict}`)
      for (const problem of line.problems) console.log(`    ${inOneLine(problem)}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return lines
}

async function tryOne(attack: Attack, run: (request: AttackRequest) => Promise<Outcome>) {
  const startMs = performance.now()
  const { outcomes, problems } = await attempt(attack, run).catch((error) => ({
    outcomes: [],
    problems: [error instanceof Error ? error.message : String(error)],
  }))
  const milliseconds = Math.round(performance.now() - startMs)
  const seen = [...new Set(outcomes.map(({ status }) => status))].join(', ') || 'no answer'
  return { name: attack.name, seen, milliseconds, problems }
}

type Line = Awaited<ReturnType<typeof tryOne>>

function summary(lines: Line[]): number {
  const failed = lines.filter(({ problems }) => problems.length > 0)
  console.log('')
  for (const [letter, title] of Object.entries(GROUPS)) {
    const group = lines.filter(({ name }) => name.startsWith(`${letter}-`))
    if (group.length === 0) continue
    const good = group.filter(({ problems }) => problems.length === 0).length
    console.log(`${letter}  ${title.padEnd(28)} ${good} of ${group.length} as expected`)
  }
  console.log(`\n${lines.length - failed.length} as expected, ${failed.length} not`)
  return failed.length === 0 ? 0 : 1
}
