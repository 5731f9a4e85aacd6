// What the suite of asynchronous runs needs: runs to submit, an executor that it controls, readers of events.

import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import {
  type AsyncRuns,
  BEFORE_ALL,
  type NewRun,
  type SentEvent,
  type SentRun,
} from '../../src/async-runs/async-runs.ts'
import type { ApiKey } from '../../src/keys/api-key.ts'
import type { AsyncRun, AsyncRunEvent } from '../../src/run/async-run.ts'
import type { Executor } from '../../src/run/executor.ts'
import { ownRequest } from '../../src/run/request.ts'
import { testKey } from '../unit/support/app.ts'
import { ControlledExecutor } from './controlled-executor.ts'
import { eventually } from './docker.ts'

/** Longest wait for what must come, in milliseconds: far more than it takes on a busy machine. */
const PATIENCE_MS = 20_000

/** What is made for a test. */
export interface AsyncRunsLimits {
  /** Runs that the executor gets at once. */
  maxRunning: number
  maxQueued: number
  maxQueuedSeconds: number
  resultTtlSeconds: number
  /** Of memory for runs. */
  maxMegabytes: number
  /** The part of it that is for programs of asynchronous runs, in place of it. */
  programMegabytes?: number
}

/** Makes asynchronous runs over an executor. */
export type MakeAsyncRuns = (
  executor: Executor,
  limits: AsyncRunsLimits,
) => Promise<{ runs: AsyncRuns; close: () => void | Promise<void> }>

/** Asynchronous runs under test, and the executor that they are over. */
export interface Tested {
  runs: AsyncRuns
  executor: ControlledExecutor
  close: () => void | Promise<void>
}

/** One run at a time, where a test does not say otherwise. */
export async function tested(
  make: MakeAsyncRuns,
  limits: Partial<AsyncRunsLimits> = {},
): Promise<Tested> {
  const executor = new ControlledExecutor()
  const made = await make(executor, {
    ...{ maxRunning: 1, maxQueued: 20, maxQueuedSeconds: 60, resultTtlSeconds: 60 },
    maxMegabytes: 64,
    ...limits,
  })
  return { ...made, executor }
}

/** A run that somebody asks for: by its key, else by its address. */
export function newRun(
  given: { client?: string; key?: Partial<ApiKey>; code?: string } = {},
): NewRun {
  const { client = '203.0.113.7', key, code = 'print(2 + 2)' } = given
  return {
    id: randomUUID(),
    request: ownRequest({ code, environment: 'python', timeoutSeconds: 10 }),
    origin: {
      requestId: 'request-1',
      key: key && testKey(key.name ?? 'key', key),
      client,
    },
  }
}

/** Several of one client. */
export function newRuns(count: number, given: Parameters<typeof newRun>[0] = {}): NewRun[] {
  return Array.from({ length: count }, () => newRun(given))
}

/** Submits one run that gets the executor at once, and starts. */
export async function startedRun({ runs, executor }: Tested, run = newRun()) {
  await runs.submit([run])
  const control = await executor.nextStarted()
  expect(control.options.id).toBe(run.id)
  return { id: run.id, control }
}

/** A run when it has come so far. */
export async function runIn(
  runs: AsyncRuns,
  id: string,
  state: AsyncRun['state'],
): Promise<AsyncRun> {
  let seen: AsyncRun | undefined
  await eventually(`${id} is ${state}`, PATIENCE_MS, async () => {
    seen = await foundRun(runs, id)
    return seen?.state === state
  })
  if (!seen) throw new Error('it was there just now')
  return seen
}

/** A run as clients see it; undefined where there is none. */
export async function foundRun(runs: AsyncRuns, id: string): Promise<AsyncRun | undefined> {
  return parsed(await runs.find(id))
}

/** What is in the JSON of a run. */
export function parsed(sent: SentRun | undefined): AsyncRun | undefined {
  return sent && JSON.parse(Buffer.from(sent.json).toString())
}

/** An event as clients see it. */
function seenEvent(event: SentEvent): AsyncRunEvent {
  if (event.type !== 'end') return event
  return { id: event.id, type: 'end', data: JSON.parse(Buffer.from(event.json).toString()) }
}

/** Resolves when there is no such run any more. */
export function forgotten(runs: AsyncRuns, id: string): Promise<void> {
  return eventually(`${id} is forgotten`, PATIENCE_MS, async () => !(await runs.find(id)))
}

/** Reads the events of a run after one. */
export function reader(runs: AsyncRuns, id: string, after = BEFORE_ALL) {
  const controller = new AbortController()
  const events = runs.events(id, after, controller.signal)[Symbol.asyncIterator]()
  return {
    /** The next event; nothing at the end. */
    next: async (): Promise<AsyncRunEvent | undefined> => {
      const { done, value } = await events.next()
      return done ? undefined : seenEvent(value)
    },
    /** All events to the end. */
    rest: async (): Promise<AsyncRunEvent[]> => {
      const seen: AsyncRunEvent[] = []
      for (
        let { done, value } = await events.next();
        !done;
        { done, value } = await events.next()
      ) {
        seen.push(seenEvent(value))
      }
      return seen
    },
    abort: () => controller.abort(),
  }
}

/** What the events of one stream say together. */
export function textOf(events: readonly AsyncRunEvent[], stream: 'stdout' | 'stderr'): string {
  return events.map((event) => (event.type === stream ? event.data.text : '')).join('')
}
