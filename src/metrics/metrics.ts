// The metrics for Prometheus at /metrics. Other parts report to this file; only the text is read from it.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { ENGINE_COMMANDS } from '../engines/engine.ts'
import type { ExecutorEvents } from '../executor/events.ts'
import { outcomeSchema } from '../run/outcome.ts'
import type { RunRecord } from '../run/record.ts'
import { REFUSAL_STATUS, type RefusalCode } from '../run/refusal.ts'
import { type MetricSources, watchSources } from './sources.ts'

const PREFIX = 'safe_code_executor_'

/** From an answer of a warm container to one that waited for a slot, in seconds. */
const BUCKETS_SECONDS = [
  ...[0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5],
  ...[1, 2, 3, 5, 7.5, 10, 15, 30, 60],
]

/** Methods that have a name of their own in a label; a client may send any. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export class Metrics {
  readonly #registry = new Registry()
  readonly #runs = this.#counter('runs_total', 'Runs by status', ['status', 'environment'])
  readonly #refusals = this.#counter('refusals_total', 'Refusals, by code', ['code'])
  readonly #requests = this.#counter('http_requests_total', 'Answered requests', [
    ...(['method', 'route', 'status'] as const),
  ])
  readonly #wait = this.#histogram('wait_seconds', 'From the request to its slot')
  readonly #start = this.#histogram('start_seconds', 'From the slot to the start of the program')
  readonly #run = this.#histogram('run_seconds', 'Wall-clock time of the program')
  readonly #answer = this.#histogram('answer_seconds', 'From the request to its outcome')
  readonly #started = this.#containers('started', 'Started containers')
  readonly #failed = this.#containers(
    'failed',
    'Containers that did not become ready, or ended while they were idle',
  )
  readonly #killed = this.#containers(
    'killed',
    'Containers that were killed by name because their runner did not end them',
  )
  readonly #commandFailures = this.#counter(
    'docker_command_failures_total',
    'Failed engine commands, except those that start containers',
    ['command'],
  )

  constructor({ environments }: { environments: readonly string[] }) {
    collectDefaultMetrics({ register: this.#registry })
    // Gauges that are named like counters; each is the sum of a metric that stays.
    for (const what of ['handles', 'requests', 'resources']) {
      this.#registry.removeSingleMetric(`nodejs_active_${what}_total`)
    }
    if (process.versions.deno) this.#withoutProc()
    // A rate of a counter that begins at its first event misses that event.
    for (const environment of environments) {
      for (const status of outcomeSchema.shape.status.options)
        this.#runs.inc({ status, environment }, 0)
      for (const containers of [this.#started, this.#failed, this.#killed])
        containers.inc({ environment }, 0)
    }
    for (const code of Object.keys(REFUSAL_STATUS)) this.#refusals.inc({ code }, 0)
    for (const command of ENGINE_COMMANDS) this.#commandFailures.inc({ command }, 0)
  }

  /** On Deno the server may not read /proc, so metrics from there would be 0. Deno reports the resident memory itself. */
  #withoutProc(): void {
    const resident = 'process_resident_memory_bytes'
    const unseen = ['process_virtual_memory_bytes', 'process_heap_bytes', 'process_open_fds']
    for (const name of [resident, ...unseen]) this.#registry.removeSingleMetric(name)
    new Gauge({
      name: resident,
      help: 'Resident memory size in bytes.',
      registers: [this.#registry],
      collect() {
        this.set(process.memoryUsage.rss())
      },
    })
  }

  /** Looks these up whenever the metrics are read. */
  watch(sources: MetricSources): void {
    watchSources(sources, this.#registry, PREFIX)
  }

  /** Counts a run of a client's. */
  onRun({ outcome, request, waitMs, startMs, answerMs }: RunRecord): void {
    const { environment } = request
    this.#runs.inc({ status: outcome.status, environment })
    const histograms = [
      [this.#wait, waitMs],
      [this.#start, startMs],
      [this.#run, outcome.durationMs],
      [this.#answer, answerMs],
    ] as const
    for (const [histogram, ms] of histograms) histogram.observe({ environment }, ms / 1000)
  }

  onRefusal(code: RefusalCode): void {
    this.#refusals.inc({ code })
  }

  onRequest({ method, route, status }: { method: string; route: string; status: number }): void {
    const known = METHODS.includes(method) ? method : 'other'
    this.#requests.inc({ method: known, route, status: String(status) })
  }

  readonly executorEvents: ExecutorEvents = {
    onStarted: (environment) => this.#started.inc({ environment }),
    onFailed: (environment) => this.#failed.inc({ environment }),
    onKilled: (environment) => this.#killed.inc({ environment }),
    onCommandFailed: (command) => this.#commandFailures.inc({ command }),
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.#registry] })
  }

  #containers(what: string, help: string): Counter<'environment'> {
    return this.#counter(`containers_${what}_total`, help, ['environment'])
  }

  #histogram(name: string, help: string): Histogram<'environment'> {
    return new Histogram({
      name: PREFIX + name,
      help,
      labelNames: ['environment'] as const,
      buckets: BUCKETS_SECONDS,
      registers: [this.#registry],
    })
  }
}
