// One asynchronous run in the memory of this server: how far it has come, and how much memory it takes.

import type { Waiting } from '../admission/balanced-line.ts'
import { GatheredOutput } from '../output/gathered-output.ts'
import type { AsyncRun } from '../run/async-run.ts'
import type { StreamName } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { clientName } from '../run/record.ts'
import type { RefusalBody } from '../run/refusal.ts'
import { ownRequest, type RunRequest } from '../run/request.ts'
import type { NewRun, SentRun } from './async-runs.ts'
import { EventLog } from './event-log.ts'

/** Memory of a run besides its texts, in bytes: measured as 3500 while it waits, 5100 when it has ended. */
const RUN_BYTES = 5120
/** Memory of an event besides its text, in bytes. */
const EVENT_BYTES = 200

/** Replaces a program that is not needed any more. */
const EMPTY = { code: '', timeoutSeconds: 0 }

/** How a run ended. */
export type End =
  | { state: 'finished'; result: Outcome }
  | { state: 'failed' | 'cancelled'; refusal: Pick<RefusalBody, 'code' | 'error'> }

export class KeptRun implements Waiting {
  /** The submitted run; its program is dropped when the run has ended. */
  asked: NewRun
  readonly client: string
  readonly weight: number
  readonly maxOut: number
  readonly log = new EventLog()
  /** Stops the run if it has been handed to the executor. */
  readonly stop = new AbortController()
  /** About how much memory it takes. */
  bytes: number
  /** Since when the executor has said that it can't be run, in milliseconds of `performance.now`. */
  unavailableSinceMs: number | undefined
  /** Called with each change of its memory. */
  onGrow: (bytes: number) => void = () => {}
  readonly #output = new GatheredOutput((piece) => this.#write(piece.stream, piece.text))
  readonly #createdAt = new Date().toISOString()
  #startedAt: string | null = null
  #sent: SentRun | undefined

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
    return this.#sent !== undefined
  }

  /** Marks the program as started; further calls change nothing. */
  start(): void {
    if (this.isStarted || this.isEnded) return
    this.#startedAt = new Date().toISOString()
    this.log.start()
  }

  /** Adds output of the program. */
  write(stream: StreamName, bytes: Buffer): void {
    if (!this.isEnded) this.#output.add(stream, bytes)
  }

  /** The final state of the run, if it ends like this now and is kept for `ttlMs` milliseconds. */
  ended(end: End, ttlMs: number): AsyncRun {
    const now = Date.now()
    return {
      ...this.#view(),
      state: end.state,
      endedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + ttlMs).toISOString(),
      result: end.state === 'finished' ? end.result : null,
      refusal: end.state === 'finished' ? null : end.refusal,
    }
  }

  /** Marks the run as ended. */
  end(sent: SentRun): void {
    this.#output.end()
    this.#sent = sent
    const { request } = this.asked
    this.asked = {
      ...this.asked,
      request: ownRequest({ ...EMPTY, environment: request.environment }),
    }
    this.#grow(sent.json.length - requestBytes(request))
    this.log.end(sent)
  }

  /** The current state of the run, as it is sent to clients. */
  sent(): SentRun {
    if (this.#sent) return this.#sent
    const json = Buffer.from(JSON.stringify(this.#view()))
    return { id: this.asked.id, owner: this.client, isEnded: false, json }
  }

  /** Of a run that is not over. */
  #view(): AsyncRun {
    return {
      id: this.asked.id,
      state: this.isStarted ? 'running' : 'queued',
      environment: this.asked.request.environment,
      createdAt: this.#createdAt,
      startedAt: this.#startedAt,
      endedAt: null,
      expiresAt: null,
      attempts: this.isStarted ? 1 : 0,
      result: null,
      refusal: null,
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

/** Of the texts as UTF-8, which is about what they take in memory. */
function requestBytes({ code, stdin, args, env, files, outputFiles }: RunRequest): number {
  const inFiles = files.flatMap(({ path, content }) => [path, content])
  const texts = [code, stdin, ...args, ...outputFiles, ...Object.entries(env).flat(), ...inFiles]
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}
