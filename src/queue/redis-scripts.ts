// The scripts as functions that Redis has: each with what it answers, and one way to call them.

import type { Redis } from 'ioredis'
import { Script } from './connection.ts'
import type { JobTuple } from './jobs.ts'
import * as lua from './scripts.ts'

/** What becomes of runs that were submitted: the words are those of the script. */
export type SubmitAnswer =
  | ['ok', priorities: string[], others: JobTuple[]]
  | ['same', ids: string]
  | ['conflict' | 'limited' | 'too_large']
  | ['busy' | 'full', waiting: string, endsPerSecond: string]

/** Nothing; that there is no room; or attempt, request, meta, channel, starts before it, whether files are to come back. */
type StartAnswer = null | ['full'] | [number, string, string, string, number, number]

export const scripts = {
  submit: new Script<SubmitAnswer>(lua.SUBMIT),
  setLimits: new Script<JobTuple[]>(lua.SET_LIMITS),
  start: new Script<StartAnswer>(lua.START),
  renew: new Script<string[]>(lua.RENEW),
  append: new Script<number>(lua.APPEND),
  finish: new Script<[number, JobTuple[]]>(lua.FINISH),
  end: new Script<[0] | [1, worker: string, JobTuple[]]>(lua.END),
  handBack: new Script<number>(lua.HAND_BACK),
  maySweep: new Script<number>(lua.MAY_SWEEP),
  sweep: new Script<[number, JobTuple[]]>(lua.SWEEP),
  audit: new Script<[number, JobTuple[]]>(lua.AUDIT),
  seen: new Script<null>(lua.SEEN),
  forget: new Script<null>(lua.FORGET),
  heartbeat: new Script<null>(lua.HEARTBEAT),
  workers: new Script<[string, string, string][]>(lua.WORKERS),
}

/** Calls scripts on one connection, with what all names in Redis begin with. */
export class RedisScripts {
  readonly #redis: Redis
  readonly #keyPrefix: string
  #knowsSubmit = false

  constructor(redis: Redis, keyPrefix: string) {
    this.#redis = redis
    this.#keyPrefix = keyPrefix
    // A Redis that has just been started knows none.
    redis.on('ready', () => {
      this.#knowsSubmit = false
      void scripts.submit.load(redis).then(
        () => {
          this.#knowsSubmit = true
        },
        () => {},
      )
    })
  }

  /** Whether Redis is sure to run `submit` when it is called, before whatever comes after it on this connection. */
  get knowsSubmit(): boolean {
    return this.#knowsSubmit
  }

  run<T>(script: Script<T>, ...args: (string | number)[]): Promise<T> {
    return this.runOn(this.#redis, script, ...args)
  }

  /** On another connection. */
  runOn<T>(redis: Redis, script: Script<T>, ...args: (string | number)[]): Promise<T> {
    return script.run(redis, this.#keyPrefix, ...args)
  }
}
