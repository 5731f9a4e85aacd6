// One asynchronous run in the memory of this server: how far it has come, and how much memory it takes.

import type { RefusalBody } from '../errors.ts'
import type { StreamName } from '../executor/executor.ts'
import type { Outcome } from '../outcome.ts'
import { ownRequest, type RunRequest } from '../run.ts'
import { clientName } from '../run-record.ts'
import type { AsyncRun, NewRun } from './async-runs.ts'
import type { Waiting } from './balanced-line.ts'
import { EventLog } from './event-log.ts'
import { GatheredOutput } from './gathered-output.ts'

/** What a run takes beside its texts, in bytes: measured as 3500 while it waits, 5100 when it has ended. */
const RUN_BYTES = 5120
/** What an event takes beside its text, in bytes. */
const EVENT_BYTES = 200

/** What is left of a program that is not needed any more. */
const EMPTY = { code: '', timeoutSeconds: 0 }

/** How a run ended. */
export type End =
  | { state: 'finished'; result: Outcome }
  | { state: 'failed' | 'cancelled'; refusal: Pick<RefusalBody, 'code' | 'error'> }

export class KeptRun implements Waiting {
  /** What was asked for; without the program when it has ended: nobody needs it any more. */
  asked: NewRun
  readonly client: string
  readonly weight: number
  readonly maxOut: number
  readonly log = new EventLog()
  /** Stops it where it has been handed to the executor. */
  readonly stop = new AbortController()
  /** About how much memory it takes. */
  bytes: number
  /** Since when the executor has said that it can't be run, in milliseconds of `performance.now`. */
  unavailableSinceMs: number | undefined
  /** Told of memory that it takes in addition, or less. */
  onGrow: (bytes: number) => void = () => {}
  readonly #output = new GatheredOutput((piece) => this.#write(piece.stream, piece.text))
  readonly #createdAt = new Date().toISOString()
  #startedAt: string | null = null
  #end: (End & { endedAt: string; expiresAt: string }) | undefined

  constructor(asked: NewRun) {
    const { key } = asked.origin
    this.asked = asked
    this.client = clientName(asked.origin)
    this.weight = key?.weight ?? 1
    this.maxOut = key?.maxConcurrent ?? Number.POSITIVE_INFINITY
    this.bytes = RUN_BYTES + requestBytes(asked.request)
  }

  get isStarted(): boolean {
    return this.#startedAt !== null
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** The program has started; told again, nothing happens. */
  start(): void {
    if (this.isStarted || this.isEnded) return
    this.#startedAt = new Date().toISOString()
    this.log.start()
  }

  /** It has written something. */
  write(stream: StreamName, bytes: Buffer): void {
    if (!this.isEnded) this.#output.add(stream, bytes)
  }

  /** It is over, and is kept for so many milliseconds. */
  end(end: End, ttlMs: number): void {
    this.#output.end()
    const now = Date.now()
    const endedAt = new Date(now).toISOString()
    this.#end = { ...end, endedAt, expiresAt: new Date(now + ttlMs).toISOString() }
    const { request } = this.asked
    this.asked = {
      ...this.asked,
      request: ownRequest({ ...EMPTY, environment: request.environment }),
    }
    this.#grow(-requestBytes(request))
    if (end.state === 'finished') this.#grow(outcomeBytes(end.result))
    this.log.end(this.view())
  }

  /** What clients see of it. */
  view(): AsyncRun {
    const end = this.#end
    return {
      id: this.asked.id,
      state: end?.state ?? (this.isStarted ? 'running' : 'queued'),
      environment: this.asked.request.environment,
      createdAt: this.#createdAt,
      startedAt: this.#startedAt,
      endedAt: end?.endedAt ?? null,
      expiresAt: end?.expiresAt ?? null,
      attempts: this.isStarted ? 1 : 0,
      result: end?.state === 'finished' ? end.result : null,
      refusal: end && end.state !== 'finished' ? end.refusal : null,
    }
  }

  #write(stream: StreamName, text: string): void {
    this.log.write(stream, text)
    this.#grow(EVENT_BYTES + Buffer.byteLength(text))
  }

  #grow(bytes: number): void {
    this.bytes += bytes
    this.onGrow(bytes)
  }
}

function requestBytes({ code, stdin, args, env, files, outputFiles }: RunRequest): number {
  const texts = [code, stdin, ...args, ...outputFiles, ...Object.entries(env).flat()]
  return lengthOf(texts) + lengthOf(files.flatMap(({ path, content }) => [path, content]))
}

function outcomeBytes({ output, error, stderr, files, displays }: Outcome): number {
  const contents = [...files.map(({ content }) => content), ...displays.map(({ data }) => data)]
  return lengthOf([output, error, stderr, ...contents])
}

/** As UTF-8, which is about what they take in memory. */
function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}
