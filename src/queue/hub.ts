// One connection that hears of all runs that this process is interested in.

import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { settlesWithin } from '../waits/settles-within.ts'

/** How long Redis may take to be subscribed to, in milliseconds: who listens looks for himself meanwhile. */
const SUBSCRIBE_MS = 3000

/**
 * What is told of a run: there are new events; a worker has taken it; its program has started; its worker was lost; how it
 * ended.
 */
export type Notice = 'events' | 'taken' | 'started' | 'lost' | 'end'

/** Told of notices, and of nothing that was missed while Redis was away: who listens looks for itself now and then. */
export type Listener = (notice: Notice, data: string) => void

export class Hub {
  /** The channel of this process, for runs that only it waits for. */
  readonly channel: string
  readonly #redis: Redis
  /** Listeners by channel and run. */
  readonly #heard = new EventEmitter().setMaxListeners(0)

  /** `redis` is for this alone; `prefix` is what the names of channels begin with. */
  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.channel = `${prefix}server:${randomUUID()}`
    redis.on('message', (channel: string, message: string) => this.#tell(channel, message))
    void redis.subscribe(this.channel).catch(() => {}) // ioredis subscribes again with each connection
  }

  /** Hears of a run on this process's channel until the function that comes back is called. */
  listen(id: string, listener: Listener): () => void {
    return this.#add(`${this.channel} ${id}`, listener)
  }

  /** The same on a channel of the run's own. Resolves when nothing is missed any more, or Redis does not answer. */
  async listenTo(channel: string, id: string, listener: Listener): Promise<() => void> {
    const name = `${channel} ${id}`
    const stop = this.#add(name, listener)
    await settlesWithin(this.#redis.subscribe(channel), SUBSCRIBE_MS).catch((error) => {
      stop()
      throw error
    })
    return () => {
      stop()
      if (this.#heard.listenerCount(name) === 0)
        void this.#redis.unsubscribe(channel).catch(() => {})
    }
  }

  close(): void {
    this.#redis.disconnect()
  }

  #add(name: string, listener: Listener): () => void {
    this.#heard.on(name, listener)
    return () => this.#heard.off(name, listener)
  }

  #tell(channel: string, message: string): void {
    const [, id, notice, data = ''] = message.match(/^(\S+) (\S+) ?([\s\S]*)$/) ?? []
    this.#heard.emit(`${channel} ${id}`, notice, data)
  }
}
