// What Prometheus reads of the queue and its workers, from any of the servers.

import { Gauge, type Registry } from 'prom-client'
import type { QueueState } from '../queue/watch.ts'

/** A value for some labels. */
type Sample = [labels: Record<string, string>, value: number]

/** Looks the state up whenever the metrics are read. A worker that is gone is in no metric any more. */
export function watchQueue(registry: Registry, prefix: string, queue: () => QueueState): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    samples: (state: QueueState) => Sample[],
  ) =>
    new Gauge({
      name: prefix + name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const [labels, value] of samples(queue())) this.set(labels, value)
      },
    })
  const byEnvironment =
    (read: (depth: QueueState['depths'][string]) => number) => (state: QueueState) =>
      Object.entries(state.depths).map(
        ([environment, depth]): Sample => [{ environment }, read(depth)],
      )
  const byWorker =
    (read: (worker: QueueState['workers'][number]) => number) => (state: QueueState) =>
      state.workers.map((worker): Sample => [{ worker: worker.name, id: worker.id }, read(worker)])

  gauge('queue_known', '1 while Redis says what is in the queue', [], ({ isKnown }) => [
    [{}, Number(isKnown)],
  ])
  gauge(
    'queue_waiting',
    'Programs that wait for a worker',
    ['environment'],
    byEnvironment(({ waiting }) => waiting),
  )
  gauge(
    'queue_active',
    'Programs that workers have',
    ['environment'],
    byEnvironment(({ active }) => active),
  )
  gauge(
    'queue_bytes',
    'Memory that runs take in Redis, about: of those that have not ended, of results that are kept and those of them that can’t make way yet (pinned), and what is reserved for results to come',
    ['state'],
    ({ isKnown, bytes }) =>
      Object.entries(isKnown ? bytes : {}).map(([state, value]): Sample => [{ state }, value]),
  )
  gauge('workers', 'Workers that are there', ['environment'], ({ workers, depths }) =>
    Object.keys(depths).map((environment): Sample => {
      const those = workers.filter(({ environments }) => environments.includes(environment))
      return [{ environment }, those.length]
    }),
  )
  gauge(
    'worker_slots',
    'Programs that a worker runs at once',
    ['worker', 'id'],
    byWorker(({ slots }) => slots),
  )
  gauge(
    'worker_running',
    'Programs that a worker runs',
    ['worker', 'id'],
    byWorker(({ running }) => running),
  )
  gauge(
    'worker_heartbeat_age_seconds',
    'How long ago a worker said that it is there',
    ['worker', 'id'],
    byWorker(({ ageMs }) => ageMs / 1000),
  )
}
