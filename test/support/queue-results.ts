// Many runs with the largest results that there are, and what Redis takes meanwhile.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AsyncRuns } from '../../src/async-runs/async-runs.ts'
import type { RunQueue } from '../../src/queue/run-queue.ts'
import type { Executor } from '../../src/run/executor.ts'
import { Refusal } from '../../src/run/refusal.ts'
import { ownRequest, type RunRequest } from '../../src/run/request.ts'
import { startStub } from './stub-process.ts'

/** How many asynchronous runs may be unfinished when more are submitted. */
const AHEAD = 200
/** How often Redis is asked what it takes, in milliseconds; it remembers the most itself. */
const LOOK_MS = 250

export interface ResultsOptions {
  runs: AsyncRuns
  executor: Executor
  queue: RunQueue
  url: string
  prefix: string
  /** How many asynchronous runs, and how many that somebody waits for. */
  count: number
  waitedFor: number
  /** How many worker processes there are, and how many programs each of them runs at once. */
  processes: number
  slots: number
  onProgress?: (ended: number, usedBytes: number) => void
}

export interface ResultsReport {
  /** The most that Redis took, and what it may take, in bytes. */
  peakBytes: number
  maxBytes: number
  /** Commands that it refused because its memory was full. */
  refused: number
  /** How many runs were to end, and how they did. */
  ends: Record<string, number>
  /** What is reserved when all have ended, in bytes. */
  reservedBytes: number
}

/** Resolves when all runs have ended. */
export async function largestResults(options: ResultsOptions): Promise<ResultsReport> {
  const { runs, executor, queue, url, prefix, count, waitedFor, processes, slots } = options
  const begin = () => startStub(url, prefix, { STUB_SLOTS: `${slots}`, STUB_MS: '20' })
  const stubs = await Promise.all(Array.from({ length: processes }, begin))
  const ends: Record<string, number> = {}
  const ended = (how: string) => {
    ends[how] = (ends[how] ?? 0) + 1
  }
  const wait = async () => {
    const signal = new AbortController().signal
    const run = executor.run(request(), { signal, isFollowed: true })
    const how = await run.then(
      ({ output, status }) => (output.startsWith('\u0001') ? status : 'another result'),
      (error) => (error instanceof Refusal ? error.code : String(error)),
    )
    ended(`waited for: ${how}`)
  }
  const interactive = (async () => {
    for (let n = 0; n < waitedFor; n += slots) {
      await Promise.all(Array.from({ length: Math.min(slots, waitedFor - n) }, wait))
    }
  })()
  const open = new Set<string>()
  let left = count
  while (left > 0 || open.size > 0) {
    if (left > 0 && open.size < AHEAD) {
      const ids = Array.from({ length: Math.min(left, 20) }, () => randomUUID())
      const origin = (id: string) => ({ requestId: id, client: 'results', key: undefined })
      await runs.submit(ids.map((id) => ({ id, request: request(), origin: origin(id) })))
      for (const id of ids) open.add(id)
      left -= ids.length
    } else await sleep(LOOK_MS)
    for (const id of open) {
      const state = await queue.redis.hget(queue.key(`run:${id}`), 'state')
      if (state === 'queued' || state === 'running') continue
      open.delete(id)
      ended(state ?? 'finished') // it made way for others
    }
    options.onProgress?.(count - left - open.size, await memory(queue, 'used_memory'))
  }
  await interactive
  const [peakBytes, maxBytes] = await Promise.all([
    memory(queue, 'used_memory_peak'),
    memory(queue, 'maxmemory'),
  ])
  const stats = await queue.redis.info('errorstats')
  const { reserved } = await queue.bytes()
  await Promise.all(stubs.map((stub) => stub.kill('SIGKILL')))
  const refused = Number(stats.match(/errorstat_OOM:count=(\d+)/)?.[1] ?? 0)
  return { peakBytes, maxBytes, refused, ends, reservedBytes: reserved }
}

function request(): RunRequest {
  return ownRequest({
    ...{ code: '# largest', environment: 'python', timeoutSeconds: 5, outputFiles: ['*'] },
  })
}

async function memory(queue: RunQueue, name: string): Promise<number> {
  const info = await queue.redis.info('memory')
  return Number(info.match(new RegExp(`^${name}:(\\d+)`, 'm'))?.[1])
}
