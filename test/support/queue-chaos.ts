// Many runs while workers are killed at random, and what became of each of them.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AsyncRuns, BEFORE_ALL } from '../../src/async-runs/async-runs.ts'
import type { RunQueue } from '../../src/queue/run-queue.ts'
import type { AsyncRun } from '../../src/run/async-run.ts'
import { ownRequest } from '../../src/run/request.ts'
import { foundRun } from './async-runs-harness.ts'
import { type StubProcess, startStub, type Told } from './stub-process.ts'

/** How many runs are submitted at once, and how many may be unfinished when more are. */
const BATCH = 100
const AHEAD = 500

export interface ChaosOptions {
  runs: AsyncRuns
  queue: RunQueue
  url: string
  prefix: string
  /** How many runs. Every other one may be tried again. */
  count: number
  /** How many worker processes there are, and how many programs each of them runs at once. */
  processes: number
  slots: number
  /** How long a program takes at least and at most, in milliseconds. */
  programMs: [least: number, most: number]
  /** How often a worker is killed, in milliseconds. */
  killMs: number
  onProgress?: (ended: number, kills: number) => void
}

export interface ChaosReport {
  kills: number
  /** How many runs have this state, and were refused with this code. */
  ends: Record<string, number>
  /** Runs that have not exactly one last event, or another answer the second time. */
  wrong: string[]
  /** Runs that went on twice at the same time. */
  overlaps: string[]
  /** Runs whose request does not allow a second start, and that were started twice. */
  startedAgain: string[]
  /** Started more than once, as they may. */
  retried: number
}

/** A worker process, and when it began and ended, by the clock of this process. */
interface Lived {
  stub: StubProcess
  told: Told[]
  endedAtMs: number
}

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { runs, url, prefix, count, processes, slots, programMs, killMs } = options
  const lives: Lived[] = []
  const begin = async () => {
    const told: Told[] = []
    const stub = await startStub(url, prefix, { STUB_SLOTS: String(slots) }, told)
    lives.push({ stub, told, endedAtMs: Number.POSITIVE_INFINITY })
  }
  const alive = () => lives.filter(({ endedAtMs }) => endedAtMs === Number.POSITIVE_INFINITY)
  await Promise.all(Array.from({ length: processes }, begin))

  let kills = 0
  let isOver = false
  const killing = (async () => {
    while (!isOver) {
      await sleep(killMs)
      const victims = alive()
      const victim = victims[Math.floor(Math.random() * victims.length)]
      if (!victim || isOver) continue
      victim.endedAtMs = performance.now()
      await victim.stub.kill('SIGKILL')
      kills += 1
      void begin()
    }
  })()

  const retries = new Map<string, boolean>()
  const open = new Set<string>()
  const ended = new Map<string, AsyncRun>()
  const look = async () => {
    for (const run of await Promise.all([...open].map((id) => foundRun(runs, id)))) {
      if (!run?.endedAt) continue
      open.delete(run.id)
      ended.set(run.id, run)
    }
    options.onProgress?.(ended.size, kills)
  }
  while (ended.size < count) {
    if (retries.size < count && open.size <= AHEAD) {
      const batch = Array.from({ length: Math.min(BATCH, count - retries.size) }, (_, n) => {
        const id = randomUUID()
        const retry = n % 2 === 1
        retries.set(id, retry)
        open.add(id)
        const [least, most] = programMs
        const code = `# ms: ${Math.round(least + Math.random() * (most - least))}`
        const request = ownRequest({ code, environment: 'python', timeoutSeconds: 5, retry })
        return { id, request, origin: { requestId: id, client: 'chaos', key: undefined } }
      })
      await runs.submit(batch)
    } else await sleep(250)
    await look()
  }
  isOver = true
  await killing
  await Promise.all(alive().map(({ stub }) => stub.kill('SIGKILL')))
  return { kills, ...(await judge(options, ended, retries, lives)) }
}

async function judge(
  { runs, queue }: ChaosOptions,
  ended: ReadonlyMap<string, AsyncRun>,
  retries: ReadonlyMap<string, boolean>,
  lives: readonly Lived[],
): Promise<Omit<ChaosReport, 'kills'>> {
  const ends: Record<string, number> = {}
  const wrong: string[] = []
  for (const [id, run] of ended) {
    const name = run.refusal ? `${run.state}: ${run.refusal.code}` : run.state
    ends[name] = (ends[name] ?? 0) + 1
    const events = await queue.events(id, BEFORE_ALL)
    const last = events.filter(({ type }) => type === 'end')
    const again = await foundRun(runs, id)
    const isSame = JSON.stringify(again) === JSON.stringify(run)
    if (last.length !== 1 || events.at(-1)?.type !== 'end' || !isSame) wrong.push(id)
  }
  const twice = startedTwice(lives)
  const startedAgain = twice.filter((id) => !retries.get(id))
  return { ends, wrong, overlaps: overlapping(lives), startedAgain, retried: twice.length }
}

/** When programs went on, by run. What a worker that was killed had begun ended with it. */
function spans(lives: readonly Lived[]): Map<string, { fromMs: number; toMs: number }[]> {
  const found = new Map<string, { fromMs: number; toMs: number }[]>()
  for (const { told, endedAtMs } of lives) {
    for (const { what, id, atMs } of told) {
      const all = found.get(id) ?? []
      found.set(id, all)
      if (what === 'start') all.push({ fromMs: atMs, toMs: endedAtMs })
      else {
        const last = all.at(-1)
        if (last) last.toMs = atMs
      }
    }
  }
  return found
}

function startedTwice(lives: readonly Lived[]): string[] {
  return [...spans(lives)].flatMap(([id, all]) => (all.length > 1 ? [id] : []))
}

function overlapping(lives: readonly Lived[]): string[] {
  return [...spans(lives)].flatMap(([id, all]) => {
    const inOrder = all.toSorted((a, b) => a.fromMs - b.fromMs)
    return inOrder.some(({ fromMs }, n) => fromMs < (inOrder[n - 1]?.toMs ?? 0)) ? [id] : []
  })
}
