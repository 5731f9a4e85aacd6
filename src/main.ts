#!/usr/bin/env node
// The entry: the command line. Without a command it serves.

import { Command } from 'commander'
import { NOT_RUN_EXIT_CODE, runCommand } from './cli/run.ts'
import { parseConfig } from './config.ts'
import { Refusal } from './errors.ts'
import { serveHelp } from './help.ts'
import { serve } from './serve.ts'

const program = new Command('safe-code-executor')
  .description('Runs untrusted Python, each program once in a fresh Docker container.')
  .addHelpText('after', '\nEach command has a help text of its own: safe-code-executor run --help')

program
  .command('serve', { isDefault: true })
  .summary('start the server (the default)')
  .description('Starts the server: POST /run, and a page at /ui.')
  .addHelpText('after', () => serveHelp())
  .action(() => serve(parseConfig(process.env)))
program.addCommand(runCommand())

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`safe-code-executor: ${error instanceof Error ? error.message : error}\n`)
  if (error instanceof Refusal && error.cause) {
    process.stderr.write(`${error.cause instanceof Error ? error.cause.message : error.cause}\n`)
  }
  process.exitCode = process.argv[2] === 'run' ? NOT_RUN_EXIT_CODE : 1
}
