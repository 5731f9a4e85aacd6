#!/usr/bin/env node
// The entry: the command line. Without a command it serves.

import { Command, CommanderError } from 'commander'
import { attackCommand } from './cli/attack.ts'
import { doctorCommand } from './cli/doctor.ts'
import { environmentCommand } from './cli/environment.ts'
import { serveHelp, workerHelp } from './cli/help.ts'
import { keyCommand } from './cli/key.ts'
import { inLines } from './cli/printed.ts'
import { runCommand } from './cli/run.ts'
import { setupCommand } from './cli/setup.ts'
import { parseConfig } from './config/config.ts'

/**
 * How long a server may be there when all is closed, in milliseconds: what a library still holds, such as a connection
 * that hangs, does not hold the process.
 */
const LINGER_MS = 1000
const linger = () => void setTimeout(() => process.exit(), LINGER_MS).unref()

/** Exit codes of commands that failed, if not 1. `docker run` uses 125 too. */
const NOT_DONE_EXIT_CODES: Readonly<Record<string, number>> = { run: 125, doctor: 2, attack: 2 }

const program = new Command('safe-code-executor')
  .exitOverride()
  .description('Runs untrusted Python, each program once in a fresh Docker container.')
  .addHelpText('after', '\nEach command has its own help text: safe-code-executor run --help')

program
  .command('serve', { isDefault: true })
  .summary('start the server (the default)')
  .description('Starts the server: POST /run, and a page at /ui.')
  .addHelpText('after', () => serveHelp())
  .action(async () => {
    // Loaded here, because no other command needs the modules of the server, or of the worker.
    const { serve } = await import('./server/serve.ts')
    await serve(parseConfig(process.env)).finally(linger)
  })
program
  .command('worker')
  .summary('run programs from the queue of servers with EXECUTOR=queue')
  .description(
    'Takes programs from the queue in REDIS_URL and runs them on this host: at most MAX_RUNNING at once, in the\n' +
      'environments of ENVIRONMENTS. Any number of hosts can run workers. The limits are those of this host.',
  )
  .addHelpText('after', () => workerHelp())
  .action(async () => {
    const { work } = await import('./server/work.ts')
    await work(parseConfig(process.env)).finally(linger)
  })
const commands = [
  ...[runCommand, environmentCommand, keyCommand],
  ...[doctorCommand, attackCommand, setupCommand],
]
for (const add of commands) program.addCommand(add().copyInheritedSettings(program))

// A reader that has seen enough, as in `--help | head`, is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (process.stdout.listenerCount('error') === 1) process.exit() // `run` ends its program first
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = NOT_DONE_EXIT_CODES[process.argv[2] ?? ''] ?? 1
  // Of its own errors, and of the help that was asked for, commander has said everything.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exitCode = 0
  } else {
    for (let cause: unknown = error; cause !== undefined; cause = (cause as Error).cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      process.stderr.write(`safe-code-executor: ${inLines(message)}\n`)
    }
  }
}
