// One connection that receives the notices of all runs that this process follows.

import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { settlesWithin } from '../waits/settles-within.ts'

/** How long a subscription may take, in milliseconds: listeners poll meanwhile. */
const SUBSCRIBE_MS = 3000

/** There are new events; a worker has taken the run; its program has started; its worker was lost; its end. */
export type Notice = 'events' | 'taken' | 'started' | 'lost' | 'end'

/** Receives notices, except those that were sent while Redis was away: listeners also poll now and then. */
export type Listener = (notice: Notice, data: string) => void

export class Hub {
  /** The channel of this process, for the runs that it waits for. */
  readonly channel: string
  readonly #redis: Redis
  /** Listeners by channel and run. */
  readonly #heard = new EventEmitter().setMaxListeners(0)

  /** `redis` is a connection of its own; names of channels begin with `prefix`. */
  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.channel = `${prefix}server:${randomUUID()}`
    redis.on('message', (channel: string, message: string) => this.#tell(channel, message))
    void redis.subscribe(this.channel).catch(() => {}) // ioredis subscribes again with each connection
  }

  /** Listens to a run on this process's channel until the returned function is called. */
  listen(id: string, listener: Listener): () => void {
    return this.#add(`${this.channel} ${id}`, listener)
  }

  /** The same on another channel. Resolves when it is subscribed to, or Redis does not answer in time. */
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
