// A container of fake-docker.sh: what `docker run` does. The image's name is the behaviour.

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { collect } from './fake-collections.mjs'
import { beginFrame, exit, frame, keepAlive, noToken } from './fake-frames.mjs'

/** PROTOCOL_VERSION in src/executor/protocol.ts. */
const VERSION = '1'
const folder = process.env.FAKE_DOCKER_FOLDER
const args = process.argv.slice(2)

run()

function run() {
  const name = args[args.indexOf('--name') + 1]
  const image = args[args.indexOf('timeout') - 1]
  if (!existsSync(`${folder}/${image}`)) {
    process.stderr.write(`docker: Error: No such image: ${image}.\n`)
    process.exitCode = 125
    return
  }
  const behaviour = readFileSync(`${folder}/${image}`, 'utf8')
  if (behaviour === 'no-engine') {
    process.stderr.write('docker: Cannot connect to the Docker daemon\n')
    process.exitCode = 125
    return
  }
  if (behaviour === 'hard-to-remove') writeFileSync(`${folder}/${name}.stubborn`, '')
  if (behaviour === 'never-ready') return keepAlive()
  if (behaviour === 'fails-slowly' || (behaviour === 'fails-at-first' && isFirst())) {
    process.stderr.write('docker: something was in the way\n')
    return setTimeout(() => process.exit(125), 200)
  }
  if (behaviour === 'noise') {
    process.stdout.write('Hello, this is no frame at all, and it goes on for a while.\n')
    return keepAlive()
  }
  if (behaviour === 'floods-stderr-and-waits') {
    floodStderr()
    return keepAlive()
  }
  if (behaviour === 'starts-slowly') return setTimeout(() => beReady('good'), 500)
  beReady(behaviour)
}

function beReady(behaviour) {
  if (behaviour === 'without-version') frame('R', noToken)
  else if (behaviour === 'other-version') frame('R', noToken, '999')
  else frame('R', noToken, VERSION)
  process.stdin.once('end', () => behaviour === 'good' && process.exit(0))
  process.stdin.once('data', (job) => {
    const token = job.subarray(5, 21)
    switch (behaviour) {
      case 'ends-waiting':
        return process.exit(137)
      case 'good':
      case 'fails-at-first':
        frame('S', token)
        frame('O', token, 'hello\n')
        frame('X', token, exit({}))
        return process.exit(0)
      case 'forges':
        frame('S', token)
        frame('O', noToken, 'forged')
        frame('M', noToken, 'forged')
        frame('X', noToken, exit({}))
        return setTimeout(() => process.exit(137), 50)
      case 'wrong-report':
        frame('S', token)
        frame('X', token, exit({ exitCode: 'zero' }))
        return keepAlive()
      case 'floods':
        frame('S', token)
        for (let i = 0; i < 40; i += 1) frame('O', token, 'x'.repeat(60_000))
        return keepAlive()
      case 'cuts-a-frame':
        frame('S', token)
        frame('O', token, 'kept')
        return beginFrame('O', 4096, token, 'half of it', 137)
      case 'cuts-the-report':
        frame('S', token)
        frame('O', token, 'kept')
        return beginFrame('X', 128, token, '{"cause":"exit","exitCode":0', 0)
      case 'speaks-of-something-else':
        frame('S', token)
        frame('O', token, 'kept')
        process.stdout.write('Unable to find image locally\nerror during connect\n')
        return keepAlive()
      case 'starts-twice':
        frame('S', token)
        frame('R', noToken, VERSION)
        frame('S', token)
        frame('O', token, 'once')
        frame('X', token, exit({ exitCode: 1 }))
        frame('X', token, exit({ exitCode: 0 }))
        frame('O', token, 'more')
        return process.exit(0)
      case 'floods-stderr':
        frame('S', token)
        floodStderr()
        frame('O', token, 'hello')
        frame('X', token, exit({}))
        return process.stderr.write('', () => process.exit(0))
      case 'hangs':
        frame('S', token)
        frame('O', token, 'kept')
        return keepAlive()
      case 'out-of-memory':
        frame('S', token)
        frame('X', token, exit({ exitCode: null, signal: 9, oomKills: 1, oomKillsAtEnd: 1 }))
        return process.exit(0)
      case 'cannot-write-files':
        frame('N', token, 'a/b: No space left on device')
        return process.exit(0)
      case 'waits-for-the-host':
        process.stdin.on('end', () => {
          appendFileSync(`${folder}/calls`, 'hung up\n')
          process.exit(0)
        })
        frame('S', token)
        return frame('X', token, exit({}))
      case 'stays':
      case 'hard-to-remove':
        frame('S', token)
        frame('X', token, exit({ exitCode: 7 }))
        return keepAlive()
      default:
        return collect(behaviour, token)
    }
  })
}

function floodStderr() {
  for (let i = 0; i < 500; i += 1) process.stderr.write('warning '.repeat(8192))
}

/** Whether this is the first container of its test that asks. */
function isFirst() {
  try {
    mkdirSync(`${folder}/first`)
    return true
  } catch {
    return false
  }
}
