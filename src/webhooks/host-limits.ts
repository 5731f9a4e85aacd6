// Bounds what runs at once: in all, and for one host.

import PQueue from 'p-queue'

export interface HostLimitsOptions {
  concurrency: number
  /** How many of these one host may have. */
  hostConcurrency: number
}

/** Lets tasks wait until there is room for them, those of each host in order. */
export class HostLimits {
  readonly #hostConcurrency: number
  readonly #all: PQueue
  /** Of hosts that have something now. */
  readonly #hosts = new Map<string, PQueue>()

  constructor({ concurrency, hostConcurrency }: HostLimitsOptions) {
    this.#hostConcurrency = hostConcurrency
    this.#all = new PQueue({ concurrency })
  }

  /** Runs a task when it is its turn; what waits for its host takes no place from others. */
  run<T>(host: string, task: () => Promise<T>): Promise<T> {
    return this.#host(host).add(() => this.#all.add(task))
  }

  #host(host: string): PQueue {
    const known = this.#hosts.get(host)
    if (known) return known
    const queue = new PQueue({ concurrency: this.#hostConcurrency })
    queue.on('idle', () => this.#hosts.delete(host))
    this.#hosts.set(host, queue)
    return queue
  }
}
