// Workers with simulated hosts, as processes that can be killed: stub-worker.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { stubProgram } from './stub-program.ts'

/** When a program was begun, and when it ended, by the clock of this process. */
export interface Told {
  what: 'start' | 'end' | 'stop'
  id: string
  atMs: number
}

export interface StubProcess {
  process: ChildProcess
  told: Told[]
  kill: (signal: NodeJS.Signals) => Promise<void>
}

/** Starts one and waits until it takes programs. What it tells is added to `told`. */
export async function startStub(
  url: string,
  prefix: string,
  settings: Record<string, string> = {},
  told: Told[] = [],
): Promise<StubProcess> {
  const child = spawn(process.execPath, [await stubProgram()], {
    env: {
      ...process.env,
      ...{ REDIS_URL: url, QUEUE_PREFIX: prefix, STUB_TELLS: '1', STUB_WORKERS: '1' },
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const isReady = new Promise<void>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line === 'ready') return resolve()
      const [what, id = ''] = line.split(' ')
      told.push({ what: what as Told['what'], id, atMs: performance.now() })
    })
  })
  await isReady
  return {
    ...{ process: child, told },
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}
