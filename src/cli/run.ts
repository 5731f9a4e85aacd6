// safe-code-executor run FILE: one program, here or on a server, as if it were run by `python3`.

import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Command, InvalidArgumentError } from 'commander'
import { createClient, type RunEvent } from '../client/client.ts'
import { type Config, parseConfig } from '../config/config.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RunRequestInput } from '../run/request.ts'
import { add, toNumber } from './flags.ts'
import { inJson, say } from './printed.ts'
import { runHere } from './run-here.ts'
import { saveResults } from './save-results.ts'

/** Exit codes if the program has none: those of coreutils `timeout` and of a shell. */
const STATUS_EXIT_CODES: Partial<Record<Outcome['status'], number>> = {
  timeout: 124,
  oom: 128 + constants.signals.SIGKILL,
  output_limit: 128 + constants.signals.SIGXFSZ,
}

const HELP = `
FILE is a Python program, or - for standard input. Arguments after -- go to the program. Its output goes to stdout, its
errors to stderr, and its exit code becomes that of the command. If the program has no exit code:
  124  time limit exceeded
  137  out of memory, or killed by SIGKILL; 128 + N for signal N
  153  output limit exceeded
  125  the program did not run, or its outcome is unknown

Without --url the program runs in a container of this machine's Docker engine, under the limits of the environment
variables that \`safe-code-executor serve --help\` lists. Existing files are never overwritten.

Examples:
  safe-code-executor run hello.py
  safe-code-executor run sort.py --stdin - < numbers.txt
  safe-code-executor run report.py --file data.csv --output-file '*.png' --save out -- --year 2026
  safe-code-executor run plot.py --env-image data --save out
  safe-code-executor run hello.py --url https://runner.example --key "$KEY"`

interface RunFlags {
  stdin?: string
  timeout?: number
  envImage?: string
  env?: Record<string, string>
  file?: string[]
  outputFile?: string[]
  save?: string
  displayLast?: true
  json?: true
  url?: string
  key?: string
}

/** The command `run`. */
export function runCommand(): Command {
  return new Command('run')
    .summary('run one file')
    .description('Runs one Python file in a fresh container, and exits with its exit code.')
    .argument('<file>', 'the program, or - for standard input')
    .argument('[args...]', 'arguments of the program, after --')
    .option('--stdin <text>', 'standard input of the program; - for that of this command')
    .option('--timeout <seconds>', 'time limit', toNumber)
    .option(
      '--env-image <name>',
      'environment: any that has an image here, or one that the server offers',
    )
    .option('--env <name=value>', 'an environment variable; may be repeated', addPair)
    .option(
      '--file <path[:name]>',
      'a file that the program can open, under its own name or another; may be repeated',
      add,
    )
    .option('--output-file <glob>', 'files to return; may be repeated', add)
    .option('--save <folder>', 'folder for returned files and displays')
    .option('--display-last', 'also return the last expression, as a display')
    .option('--json', 'print the whole outcome as JSON instead of the output')
    .option('--url <url>', 'a server that runs the program')
    .option('--key <key>', 'API key of that server; by default SAFE_CODE_EXECUTOR_KEY')
    .addHelpText('after', HELP)
    .action(async (file: string, args: string[], flags: RunFlags) => {
      process.exitCode = await run(file, args, flags)
    })
}

async function run(file: string, args: string[], flags: RunFlags): Promise<number> {
  const wanted = flags.outputFile ? '--output-file' : flags.displayLast && '--display-last'
  if (wanted && !flags.save && !flags.json) {
    throw new Error(`${wanted} needs --save FOLDER, or --json`)
  }
  const request = await readRequest(file, args, flags)
  const interrupted = new AbortController()
  let interruption: NodeJS.Signals | undefined
  const interrupt = (signal: NodeJS.Signals) => {
    interruption ??= signal
    interrupted.abort(new Error(`ended by ${signal}`))
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt)
  // The reader of the output has closed it, as `head` does.
  process.stdout.on('error', () => interrupt('SIGPIPE'))
  const key = flags.key ?? process.env.SAFE_CODE_EXECUTOR_KEY
  const events = flags.url
    ? createClient({ url: flags.url, ...(key && { key }) }).stream(request, {
        signal: interrupted.signal,
      })
    : runHere(hereConfig(flags.envImage), request, interrupted.signal)
  const outcome = await print(events, flags.json === true).catch((error) => {
    if (error.code === 'EPIPE') interrupt('SIGPIPE')
    if (interruption) return undefined
    throw error
  })
  if (interruption || !outcome) return 128 + constants.signals[interruption ?? 'SIGINT']
  if (outcome.displays.length > 0 && !flags.save && !flags.json) {
    say(`${outcome.displays.length} displays were returned; --save FOLDER keeps them`)
  }
  const isAllSaved = !flags.save || (await saveResults(flags.save, outcome))
  return exitCodeOf(outcome) || (isAllSaved ? 0 : 1)
}

/** The settings for a run on this machine, where a named environment need not be one that a server offers. */
function hereConfig(environment: string | undefined): Config {
  return parseConfig({ ...process.env, ...(environment && { ENVIRONMENTS: environment }) })
}

async function print(events: AsyncIterable<RunEvent>, asJson: boolean): Promise<Outcome> {
  for await (const event of events) {
    // Printed output can't be taken back; this command asks for no second attempt.
    if (event.type === 'restart') continue
    if (event.type !== 'result') {
      if (!asJson) await write(process[event.type], event.text)
      continue
    }
    const { outcome } = event
    if (asJson) await write(process.stdout, `${inJson(outcome)}\n`)
    // A program that failed has printed its traceback itself.
    else if (outcome.exitCode === null) say(outcome.error)
    if (outcome.hint && !asJson) say(outcome.hint)
    return outcome
  }
  throw new Error('the server sent no result')
}

/** Resolves when it is written. @throws {Error} with the code EPIPE if nobody reads any more. */
function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

function exitCodeOf({ exitCode, status, signal }: Outcome): number {
  if (exitCode !== null) return exitCode
  const number = constants.signals[signal as NodeJS.Signals] ?? constants.signals.SIGKILL
  return STATUS_EXIT_CODES[status] ?? 128 + number
}

async function readRequest(
  file: string,
  args: string[],
  flags: RunFlags,
): Promise<RunRequestInput> {
  if (file === '-' && flags.stdin === '-') throw new Error('FILE and --stdin can’t both be -')
  return {
    code: await readText(file),
    args,
    files: await Promise.all((flags.file ?? []).map(readInputFile)),
    env: flags.env,
    outputFiles: flags.outputFile,
    stdin: flags.stdin === '-' ? await readText('-') : flags.stdin,
    timeoutSeconds: flags.timeout,
    environment: flags.envImage,
    displayLastExpression: flags.displayLast,
  }
}

async function readText(path: string): Promise<string> {
  const bytes = path === '-' ? await buffer(process.stdin) : await readFile(path)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Error(`${path}: is not UTF-8`)
  }
}

async function readInputFile(text: string) {
  const colon = text.lastIndexOf(':')
  const path = colon > 0 ? text.slice(0, colon) : text
  const name = colon > 0 ? text.slice(colon + 1) : basename(text)
  const content = (await readFile(path)).toString('base64')
  return { path: name, content, encoding: 'base64' as const }
}

function addPair(text: string, others: Record<string, string> = {}): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError('It must be NAME=VALUE.')
  return { ...others, [text.slice(0, equals)]: text.slice(equals + 1) }
}
