// Metrics that are looked up when they are read: their state is kept by other parts.

import { Counter, Gauge, type Registry } from 'prom-client'
import { CONTAINER_STATES, type ExecutorState } from '../executor/events.ts'
import type { QueueState } from '../queue/watch.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'

export interface MetricSources {
  executor: () => ExecutorState
  /** Asynchronous runs in the memory of this server; undefined if they are elsewhere. */
  asyncRuns: (() => { queued: number; bytes: number }) | undefined
  /** The queue and its workers; undefined if there is none. */
  queue: (() => QueueState) | undefined
  /** Undefined if there are none. */
  webhooks: (() => WebhookCounts) | undefined
  /** Undefined if there is no run log. */
  runLog: (() => { queued: number; written: number; dropped: number }) | undefined
  /** Whether servers count rates together; undefined if each counts alone. */
  isRateShared: (() => boolean) | undefined
}

/** A value for some labels. */
type Sample = [labels: Record<string, string>, value: number]

/** Looks these up whenever the metrics are read. */
export function watchSources(sources: MetricSources, registry: Registry, prefix: string): void {
  const { executor, asyncRuns, queue, webhooks, runLog, isRateShared } = sources
  const told = instruments(registry, prefix)
  const { gauge, sum, byEnvironment } = told

  gauge('slots', 'Slots: programs that may run at once', () => executor().maxRunning)
  gauge('running', 'Active programs', () => executor().running)
  gauge('waiting', 'Requests that wait for a slot', () => executor().waiting)
  gauge('waiting_limit', 'Requests that may wait', () => executor().maxWaiting)
  gauge(
    'containers_limit',
    'Limit of containers in all states together',
    () => executor().maxContainers,
  )
  gauge(
    'containers',
    'Containers, by state',
    () => CONTAINER_STATES.map((state): Sample => [{ state }, executor().containers[state]]),
    ['state'],
  )
  const pools = () => executor().pools
  byEnvironment('pool_ready', 'Warm containers', pools, ({ ready }) => ready)
  byEnvironment('pool_size', 'Target number of warm containers', pools, ({ size }) => size)
  byEnvironment(
    'circuit_open',
    '1 while runs are refused because the engine starts no containers',
    pools,
    ({ isOpen }) => Number(isOpen),
  )
  if (asyncRuns) {
    gauge('async_runs_queued', 'Queued asynchronous runs', () => asyncRuns().queued)
    gauge(
      'async_runs_bytes',
      'Approximate memory of asynchronous runs and their results',
      () => asyncRuns().bytes,
    )
  }
  if (queue) watchQueue(queue, told)
  if (webhooks) {
    const ends = ['delivered', 'failed', 'retried', 'dropped'] as const
    gauge('webhooks_queued', 'Webhooks in progress', () => webhooks().queued)
    for (const end of ends) sum(`webhooks_${end}_total`, `Webhooks: ${end}`, () => webhooks()[end])
  }
  if (runLog) {
    gauge('run_log_queued', 'Records that wait to be written', () => runLog().queued)
    sum('run_log_written_total', 'Records written to the run log', () => runLog().written)
    sum('run_log_dropped_total', 'Records that were dropped', () => runLog().dropped)
  }
  if (isRateShared) {
    gauge(
      'rate_limiter_shared',
      '1 while servers count rates together, 0 while Redis is unreachable',
      () => Number(isRateShared()),
    )
  }
}

function watchQueue(
  queue: () => QueueState,
  { gauge, byEnvironment }: ReturnType<typeof instruments>,
): void {
  const depths = () => queue().depths
  gauge('queue_known', '1 while the queue’s state is known', () => Number(queue().isKnown))
  byEnvironment('queue_waiting', 'Queued programs', depths, (one) => one.waiting)
  byEnvironment('queue_active', 'Programs taken by workers', depths, (one) => one.active)
  gauge(
    'queue_bytes',
    'Approximate memory of runs in Redis: unfinished runs, kept results, pinned results, which can’t be evicted yet, and memory reserved for results of active runs',
    () => {
      const { isKnown, bytes } = queue()
      return Object.entries(isKnown ? bytes : {}).map(([state, n]): Sample => [{ state }, n])
    },
    ['state'],
  )
  byEnvironment('workers', 'Live workers', depths, (_, environment) => {
    const those = queue().workers.filter(({ environments }) => environments.includes(environment))
    return those.length
  })
  const workers: [string, string, (worker: QueueState['workers'][number]) => number][] = [
    ['slots', 'Slots of a worker', ({ slots }) => slots],
    ['running', 'Active programs of a worker', ({ running }) => running],
    [
      'heartbeat_age_seconds',
      'Time since the last heartbeat of a worker',
      ({ ageMs }) => ageMs / 1000,
    ],
  ]
  for (const [name, help, read] of workers) {
    const samples = () =>
      queue().workers.map((one): Sample => [{ worker: one.name, id: one.id }, read(one)])
    gauge(`worker_${name}`, help, samples, ['worker', 'id'])
  }
}

/** Functions that create metrics whose values are looked up when they are read. */
function instruments(registry: Registry, prefix: string) {
  /** Samples that are gone, such as those of a stopped worker, disappear from the metric. */
  const gauge = (
    name: string,
    help: string,
    read: () => number | Sample[],
    labelNames: string[] = [],
  ) =>
    new Gauge({
      name: prefix + name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        const found = read()
        const samples: Sample[] = typeof found === 'number' ? [[{}, found]] : found
        this.reset()
        for (const [labels, value] of samples) this.set(labels, value)
      },
    })
  const sum = (name: string, help: string, read: () => number) =>
    new Counter({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  const byEnvironment = <T>(
    name: string,
    help: string,
    all: () => Record<string, T>,
    read: (one: T, environment: string) => number,
  ) => {
    const samples = () =>
      Object.entries(all()).map(([name, one]): Sample => [{ environment: name }, read(one, name)])
    gauge(name, help, samples, ['environment'])
  }
  return { gauge, sum, byEnvironment }
}
