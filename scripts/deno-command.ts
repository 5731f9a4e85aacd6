// Prints the command that runs a file on this Deno with the server's permissions, one argument a line.

import { lookup } from 'node:dns/promises'
import { parseConfig } from '../src/config/config.ts'
import { findEngineSocket } from '../src/engines/engine-socket.ts'
import { denoPermissions } from './deno-permissions.ts'

try {
  const config = parseConfig(process.env)
  const { address } = await lookup(config.HOST)
  const socket = await findEngineSocket(config.DOCKER_BIN)
  const permissions = denoPermissions(config, { address, socket })
  const command = [process.execPath, 'run', '--no-prompt', '--no-remote', ...permissions]
  process.stdout.write(`${command.join('\n')}\n`)
} catch (error) {
  process.stderr.write(`safe-code-executor: ${(error as Error).message}\n`)
  process.exitCode = 1
}
