// What is looked up when somebody reads the metrics: each has a state, which others keep.

import { Counter, Gauge, type Registry } from 'prom-client'
import type { ExecutorState } from '../executor/events.ts'
import { CONTAINER_STATES } from '../executor/events.ts'
import type { QueueState } from '../queue/watch.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'
import { watchQueue } from './queue.ts'

export interface MetricSources {
  executor: () => ExecutorState
  /** Asynchronous runs in the memory of this server; undefined where they are elsewhere. */
  asyncRuns: (() => { queued: number; bytes: number }) | undefined
  /** The queue and its workers; undefined where there is none. */
  queue: (() => QueueState) | undefined
  /** Undefined where there are none. */
  webhooks: (() => WebhookCounts) | undefined
  /** Undefined where there is no run log. */
  runLog: (() => { queued: number; written: number; dropped: number }) | undefined
  /** Whether servers count rates together; undefined where each counts alone. */
  isRateShared: (() => boolean) | undefined
}

export interface WatchOptions {
  registry: Registry
  /** What all names begin with. */
  prefix: string
  environments: readonly string[]
}

/** Looks these up whenever the metrics are read. */
export function watchSources(sources: MetricSources, options: WatchOptions): void {
  const { executor, asyncRuns, queue, webhooks, runLog, isRateShared } = sources
  const { registry, prefix } = options
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        this.set(value())
      },
    })
  const sum = (name: string, help: string, value: () => number) =>
    new Counter({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(value())
      },
    })

  gauge('slots', 'Programs that may run at once', () => executor().maxRunning)
  gauge('running', 'Programs that run', () => executor().running)
  gauge('waiting', 'Requests that wait for a place', () => executor().waiting)
  gauge('waiting_limit', 'Requests that may wait', () => executor().maxWaiting)
  gauge(
    'containers_limit',
    'Containers that there may be in all states together',
    () => executor().maxContainers,
  )
  watchContainers(executor, options)
  watchPools(executor, options)
  if (asyncRuns) {
    gauge('async_runs_queued', 'Asynchronous runs that wait', () => asyncRuns().queued)
    gauge(
      'async_runs_bytes',
      'Memory for asynchronous runs and their results, about',
      () => asyncRuns().bytes,
    )
  }
  if (queue) watchQueue(registry, prefix, queue)
  if (webhooks) {
    const ends = ['delivered', 'failed', 'retried', 'dropped'] as const
    gauge('webhooks_queued', 'Webhooks that have no end yet', () => webhooks().queued)
    for (const end of ends)
      sum(`webhooks_${end}_total`, `Webhooks that were ${end}`, () => webhooks()[end])
  }
  if (runLog) {
    gauge('run_log_queued', 'Runs that wait to be logged', () => runLog().queued)
    sum('run_log_written_total', 'Runs that were logged', () => runLog().written)
    sum('run_log_dropped_total', 'Runs that were not logged', () => runLog().dropped)
  }
  if (isRateShared) {
    gauge(
      'rate_limiter_shared',
      '1 while servers count rates together, 0 while Redis is away',
      () => Number(isRateShared()),
    )
  }
}

/** All containers of this server. */
function watchContainers(executor: () => ExecutorState, { registry, prefix }: WatchOptions): void {
  new Gauge({
    name: `${prefix}containers`,
    help: 'Containers that are not gone, by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { containers } = executor()
      for (const state of CONTAINER_STATES) this.set({ state }, containers[state])
    },
  })
}

/** What each environment has. */
function watchPools(
  executor: () => ExecutorState,
  { registry, prefix, environments }: WatchOptions,
): void {
  const pools: [string, string, (pool: ExecutorState['pools'][string]) => number][] = [
    ['pool_ready', 'Containers that wait, ready', ({ ready }) => ready],
    ['pool_size', 'Containers that should wait', ({ size }) => size],
    [
      'circuit_open',
      '1 while no run is tried because the engine starts no container',
      ({ isOpen }) => Number(isOpen),
    ],
  ]
  for (const [name, help, read] of pools) {
    new Gauge({
      name: prefix + name,
      help,
      labelNames: ['environment'],
      registers: [registry],
      collect() {
        const state = executor()
        for (const environment of environments) {
          const pool = state.pools[environment]
          if (pool) this.set({ environment }, read(pool))
        }
      },
    })
  }
}
