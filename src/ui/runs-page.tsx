// The page of the run log: filters, counts, a chart over time, a table.

import type { Child } from 'hono/jsx'
import type { RunPage } from '../run-log/run-store.ts'
import type { LoggedRun } from '../run-log/schema.ts'
import type { Stats } from '../run-log/stats.ts'
import { duration, fileSize, STATUS_WORDS, STATUSES } from './ends.ts'
import { Visible } from './result.tsx'
import { Chart, minute } from './runs-chart.tsx'
import { Shell } from './shell.tsx'
import { Closed, type ClosedProps, SignOut } from './sign-in-form.tsx'

export interface RunsPageProps extends Pick<ClosedProps, 'needsKey' | 'isSignedIn'> {
  /** The values of the filters. */
  query: Readonly<Record<string, string>>
  environments: readonly string[]
  content?: { page: RunPage; stats: Stats }
  /** Why the page shows nothing. */
  refusal?: ClosedProps['refusal']
}

export function RunsPage({ query, environments, content, refusal, ...key }: RunsPageProps) {
  const mayLook = refusal === undefined || refusal.code === 'invalid_request'
  return (
    <Shell
      title="Runs · Safe Code Executor"
      base="../"
      current="Runs"
      hasRuns={true}
      line="All finished runs, without code and output unless the operator keeps them."
      skip={{ id: 'runs', text: 'Skip to the runs' }}
      more={key.needsKey && key.isSignedIn && <SignOut action="runs" />}
    >
      <main class="runs">
        {refusal && <Closed refusal={refusal} {...key} action="runs" right="read-runs" />}
        {mayLook && <Filters query={query} environments={environments} />}
        {content && <Counts stats={content.stats} />}
        {content && <Runs page={content.page} query={query} />}
      </main>
    </Shell>
  )
}

function Filters({ query, environments }: Pick<RunsPageProps, 'query' | 'environments'>) {
  return (
    <form method="get" action="runs" class="filters" aria-label="Filters">
      <Select name="status" label="Status" values={STATUSES} query={query} />
      <Select name="environment" label="Environment" values={environments} query={query} />
      <Text name="key" label="Key" maxlength={64} query={query} />
      <Text name="since" label="From, UTC" placeholder="2026-01-31" query={query} />
      <Text name="until" label="Until, UTC" placeholder="2026-01-31T12:00:00Z" query={query} />
      <button type="submit">Filter</button>
      <a href="runs">All</a>
    </form>
  )
}

interface FilterProps extends Pick<RunsPageProps, 'query'> {
  name: string
  label: string
}

function Select({ name, label, values, query }: FilterProps & { values: readonly string[] }) {
  return (
    <p>
      <label for={`filter-${name}`}>{label}</label>
      <select id={`filter-${name}`} name={name}>
        <option value="">all</option>
        {values.map((value) => (
          <option value={value} selected={value === query[name]}>
            {value}
          </option>
        ))}
      </select>
    </p>
  )
}

interface TextProps extends FilterProps {
  maxlength?: number
  placeholder?: string
}

function Text({ name, label, query, ...attributes }: TextProps) {
  return (
    <p>
      <label for={`filter-${name}`}>{label}</label>
      <input id={`filter-${name}`} name={name} value={query[name] ?? ''} {...attributes} />
    </p>
  )
}

function Counts({ stats }: { stats: Stats }) {
  const { runs, byStatus, durationMs, since, until } = stats
  return (
    <section class="counts" aria-label="Counts">
      <p>
        <strong>{runs}</strong> {runs === 1 ? 'run' : 'runs'} from {minute(since)} to{' '}
        {minute(until)}
        {durationMs &&
          `; median time ${duration(durationMs.p50)}, 95th percentile ${duration(durationMs.p95)}`}
      </p>
      <ul class="legend">
        {STATUSES.filter((status) => byStatus[status]).map((status) => (
          <li>
            <span class={`mark ${status}`} aria-hidden="true"></span>
            {STATUS_WORDS[status].words}: {byStatus[status]}
          </li>
        ))}
      </ul>
      {runs > 0 && (
        // In a narrow window the chart can be scrolled, by the keyboard too.
        <section class="scroll" tabindex={0} aria-label="Chart">
          <Chart stats={stats} />
        </section>
      )}
    </section>
  )
}

/** The columns of the table: name, and cell of a run. */
const COLUMNS: readonly [name: string, cell: (run: LoggedRun) => Child][] = [
  ['Ended, UTC', ({ endedAt }) => endedAt.slice(0, 19).replace('T', ' ')],
  ['Status', ({ status }) => <Status status={status} />],
  ['Exit', ({ exitCode, signal }) => exitCode ?? signal ?? ''],
  ['Environment', ({ environment }) => environment],
  ['Key', ({ key }) => key ?? ''],
  ['Time', ({ durationMs }) => duration(durationMs)],
  ['Wait', ({ waitMs }) => duration(waitMs)],
  ['CPU', ({ cpuMs }) => duration(cpuMs)],
  ['Memory', ({ peakMemoryBytes }) => fileSize(peakMemoryBytes)],
  ['Output', ({ outputBytes }) => fileSize(outputBytes)],
  ['Id', ({ id }) => <code>{id}</code>],
]

function Status({ status }: Pick<LoggedRun, 'status'>) {
  const { sign, words } = STATUS_WORDS[status]
  return (
    <>
      <span class={`sign ${status}`} aria-hidden="true">
        {sign}
      </span>{' '}
      {words}
    </>
  )
}

function Runs({ page, query }: { page: RunPage; query: RunsPageProps['query'] }) {
  if (page.runs.length === 0) return <p id="runs">No run matches these filters.</p>
  return (
    <section id="runs" aria-label="Runs">
      <section class="scroll" tabindex={0} aria-label="Table of runs">
        <table>
          <thead>
            <tr>
              {COLUMNS.map(([name]) => (
                <th scope="col">{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {page.runs.map((run) => (
              <Row run={run} />
            ))}
          </tbody>
        </table>
      </section>
      {page.nextCursor && (
        <p>
          <a href={`runs?${new URLSearchParams({ ...query, cursor: page.nextCursor })}`}>
            Older runs
          </a>
        </p>
      )}
    </section>
  )
}

function Row({ run }: { run: LoggedRun }) {
  const kept = Object.entries({
    Program: run.code,
    Error: run.error,
    Output: run.output,
    Errors: run.stderr,
  }).filter(([, text]) => text)
  return (
    <>
      <tr>
        {COLUMNS.map(([, cell]) => (
          <td>{cell(run)}</td>
        ))}
      </tr>
      {kept.length > 0 && (
        <tr class="kept">
          <td colspan={COLUMNS.length}>
            <details>
              <summary>Program and output</summary>
              {kept.map(([name, text]) => (
                <>
                  <h2>{name}</h2>
                  <pre>
                    <Visible text={text ?? ''} />
                  </pre>
                </>
              ))}
            </details>
          </td>
        </tr>
      )}
    </>
  )
}
