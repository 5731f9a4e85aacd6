// Runs on Deno with the permissions of the server, and says what it could reach: one line of JSON.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { userInfo } from 'node:os'

/** Resolves with `reached`, or with why not. */
async function attempt(task: () => unknown): Promise<string> {
  try {
    await task()
    return 'reached'
  } catch (error) {
    return String(error)
  }
}

const settled = (emitter: NodeJS.EventEmitter, event: string) =>
  new Promise((resolve, reject) => emitter.once(event, resolve).once('error', reject))

const start = (program: string) => settled(spawn(program, ['--version']), 'exit')

async function listen() {
  const server = createServer().listen(0, '127.0.0.1')
  await settled(server, 'listening')
  server.close()
}

console.log(
  JSON.stringify({
    // What the server needs
    ownFile: await attempt(() => readFileSync('sandbox/probe.py')),
    docker: await attempt(() => start('docker')),
    listen: await attempt(listen),
    // What it does not
    source: await attempt(() => readFileSync('package.json')),
    system: await attempt(() => readFileSync('/etc/passwd')),
    write: await attempt(() => writeFileSync('dist/ui/browser/page.js', '', { flag: 'a' })),
    program: await attempt(() => start('bash')),
    connect: await attempt(() => settled(connect(9, '127.0.0.1'), 'connect')),
    module: await attempt(() => import('https://127.0.0.1:9/module.js' as string)),
    account: await attempt(() => userInfo()),
  }),
)
