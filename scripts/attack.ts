// npm run attack: every program of test/attacks against a server, and a table of what came of it.

import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { type Outcome, outcomeSchema } from '../src/run/outcome.ts'
import { type Attack, type AttackRequest, attempt, readCorpus } from '../test/attacks/corpus.ts'

const HELP = `npm run attack: runs the attacks and odd programs of test/attacks, and says how each of them ended.

  npm run attack                              against a server of its own, started and stopped for it
  npm run attack -- --url https://HOST        against a deployment (the same programs, over HTTP)
  SANDBOX_RUNTIME=runsc npm run attack        under gVisor, with what is different there; with --url too

  --url URL          the server; its limits should be the defaults, because that is what the programs expect
  --key KEY          API key, where the server asks for one
  --only TEXT        only the programs whose name contains this: --only h- for those that try to get out
  --concurrency N    programs at a time (2)
  --help             this text

Groups: a language, b output, c time, d memory, e processes and signals, f files, g network, h escape, i leaks between runs.
Ends with 0 when everything was as expected, with 1 when something was not, with 2 when it could not be tried.
`

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

interface Target {
  url: string
  stop: () => void
}

interface Line {
  name: string
  seen: string
  milliseconds: number
  problems: string[]
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      only: { type: 'string', default: '' },
      concurrency: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const concurrency = Number(values.concurrency)
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64)) {
    throw new Error('--concurrency must be a whole number from 1 to 64')
  }
  const attacks = readCorpus().filter(({ name }) => name.includes(values.only))
  if (attacks.length === 0) throw new Error(`no program has "${values.only}" in its name`)
  const target = values.url ? { url: values.url, stop: () => {} } : await startServer()
  try {
    const run = (request: AttackRequest) => post(target.url, values.key, request)
    await run({ code: 'print(2 + 2)' })
    const lines = await tryAll(attacks, concurrency, run)
    return summary(lines)
  } finally {
    target.stop()
  }
}

/** A server of the built product on a free port; it ends with this process, however that ends. */
async function startServer(): Promise<Target> {
  const child = execa('node', ['dist/main.js'], {
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

/** One run. Waits and tries again where the server has no room or counts requests. */
async function post(
  url: string,
  key: string | undefined,
  request: AttackRequest,
): Promise<Outcome> {
  for (let attempts = 1; ; attempts += 1) {
    const response = await fetch(new URL('run', url.endsWith('/') ? url : `${url}/`), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(key && { Authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    const body = await response.text()
    if (response.status === 200) return outcomeSchema.parse(JSON.parse(body))
    if (![429, 503].includes(response.status) || attempts === MAX_TRIES) {
      throw new Error(`the server answered ${response.status}: ${body.slice(0, 500)}`)
    }
    await pause(Number(response.headers.get('Retry-After') ?? 1) * 1000)
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
      for (const problem of line.problems) console.log(`    ${problem}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return lines
}

async function tryOne(
  attack: Attack,
  run: (request: AttackRequest) => Promise<Outcome>,
): Promise<Line> {
  const startMs = performance.now()
  const elapsed = () => Math.round(performance.now() - startMs)
  try {
    const { outcomes, problems } = await attempt(attack, run)
    const seen = [...new Set(outcomes.map(({ status }) => status))].join(', ')
    return { name: attack.name, seen, milliseconds: elapsed(), problems }
  } catch (error) {
    const problems = [error instanceof Error ? error.message : String(error)]
    return { name: attack.name, seen: 'no answer', milliseconds: elapsed(), problems }
  }
}

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

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`attack: ${error instanceof Error ? error.message : error}`)
  console.error('Try: npm run attack -- --help')
  process.exitCode = 2
}
