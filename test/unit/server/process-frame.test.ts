// What a process does that met a bug, or that must not go on: servers and workers alike.

import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { Fault, runProcess } from '../../../src/server/process-frame.ts'
import { commandLine } from '../support/command-line.ts'

const MAIN = commandLine()
const config = parseConfig({ LOG_LEVEL: 'silent' })
/** Throws where nothing catches it, each time that the process is told to: on a busy machine the test may say it twice. */
const BUG =
  'data:text/javascript,process.on("SIGUSR2",()=>setImmediate(()=>{throw new Error("a bug of a test")}))'

describe.each([
  ['serve', {}],
  ['worker', { REDIS_URL: 'redis://127.0.0.1:1' }],
])('%s', (command, settings) => {
  it('says of a bug that nobody caught what it was, closes what it has, and ends with 1', async () => {
    const args = ['--import', BUG, MAIN, command]
    const child = execa('node', args, {
      // An engine that never answers: the process goes on trying.
      env: { PORT: '0', DOCKER_BIN: 'false', DATABASE_URL: 'off', ...settings },
      ...{ reject: false, timeout: 60_000, killSignal: 'SIGKILL' },
    })
    child.stdout.on('data', (text) => {
      if (String(text).includes('the walls are not proven')) child.kill('SIGUSR2')
    })
    const { exitCode, stdout, stderr } = await child
    const lines = stdout.split('\n').map((line) => JSON.parse(line))
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 60,
        err: expect.objectContaining({ message: 'a bug of a test' }),
      }),
    )
    expect(lines.at(-1)).toMatchObject({ msg: 'ended' })
    expect(stderr).toContain('because of a bug')
    expect(exitCode).toBe(1)
  }, 90_000)
})

describe('runProcess', () => {
  it('closes everything, the last one first, whatever the others throw', async () => {
    const closed: string[] = []
    await runProcess(config, async ({ onClose }) => {
      onClose(() => closed.push('first'))
      onClose(() => {
        throw new Error('this one can not be closed')
      })
      onClose(async () => closed.push('last'))
    })
    expect(closed).toEqual(['last', 'first'])
  })

  it('throws the first fault when all is closed', async () => {
    let isClosed = false
    const run = runProcess(config, async ({ end, fault, onClose }) => {
      onClose(() => {
        isClosed = true
      })
      end(new Fault('the first'))
      end(new Fault('another one'))
      expect(fault.aborted).toBe(true)
    })
    await expect(run).rejects.toThrow('the first')
    expect(isClosed).toBe(true)
  })

  it('takes its listeners away', async () => {
    const before = process.listenerCount('uncaughtException')
    await runProcess(config, async () => {
      expect(process.listenerCount('uncaughtException')).toBe(before + 1)
    })
    expect(process.listenerCount('uncaughtException')).toBe(before)
  })
})
