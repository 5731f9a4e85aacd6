// The page of the run log: filters, counts, a chart over time, a table.

import type { RefusalCode } from '../run/refusal.ts'
import type { RunPage } from '../run-log/run-store.ts'
import type { LoggedRun } from '../run-log/schema.ts'
import type { Stats } from '../run-log/stats.ts'
import { duration, fileSize, STATUS_WORDS, STATUSES } from './ends.ts'
import { End, Visible } from './result.tsx'
import { Chart, minute } from './runs-chart.tsx'
import { Shell } from './shell.tsx'
import { SignIn, SignOut } from './sign-in-form.tsx'

export interface RunsPageProps {
  /** The filters as they stand in the form. */
  query: Readonly<Record<string, string>>
  environments: readonly string[]
  /** Whether the page is for who has a key. */
  needsKey: boolean
  isSignedIn: boolean
  content?: { page: RunPage; stats: Stats }
  /** Why there is nothing to see. */
  refusal?: { code: RefusalCode; message: string }
}

export function RunsPage(props: RunsPageProps) {
  const { query, environments, needsKey, isSignedIn, content, refusal } = props
  const mayLook = refusal === undefined || refusal.code === 'invalid_request'
  return (
    <Shell
      title="Runs · Safe Code Executor"
      base="../"
      current="Runs"
      hasRuns={true}
      line="Every run that has ended, without its code and output unless the operator keeps them."
      skip={{ id: 'runs', text: 'Skip to the runs' }}
      more={needsKey && isSignedIn && <SignOut action="runs" />}
    >
      <main class="runs">
        {refusal && (
          <End ended={{ refusal: { heading: headingOf(props), detail: refusal.message } }} />
        )}
        {needsKey && (refusal?.code === 'unauthorized' || refusal?.code === 'forbidden') && (
          <SignIn action="runs" right="read-runs" />
        )}
        {mayLook && <Filters query={query} environments={environments} />}
        {content && <Counts stats={content.stats} />}
        {content && <Runs page={content.page} query={query} />}
      </main>
    </Shell>
  )
}

function headingOf({ refusal, isSignedIn }: RunsPageProps): string {
  if (refusal?.code !== 'unauthorized') return 'Nothing to see.'
  return isSignedIn ? 'This key is not known.' : 'This page asks for a key.'
}

function Filters({ query, environments }: Pick<RunsPageProps, 'query' | 'environments'>) {
  return (
    <form method="get" action="runs" class="filters" aria-label="Filters">
      <Select name="status" label="Status" values={STATUSES} query={query} />
      <Select name="environment" label="Environment" values={environments} query={query} />
      <p>
        <label for="filter-key">Key</label>
        <input id="filter-key" name="key" value={query.key ?? ''} maxlength={64} />
      </p>
      <p>
        <label for="since">From, UTC</label>
        <input id="since" name="since" value={query.since ?? ''} placeholder="2026-01-31" />
      </p>
      <p>
        <label for="until">Until, UTC</label>
        <input
          id="until"
          name="until"
          value={query.until ?? ''}
          placeholder="2026-01-31T12:00:00Z"
        />
      </p>
      <button type="submit">Filter</button>
      <a href="runs">All</a>
    </form>
  )
}

interface SelectProps {
  name: string
  label: string
  values: readonly string[]
  query: Readonly<Record<string, string>>
}

function Select({ name, label, values, query }: SelectProps) {
  return (
    <p>
      <label for={name}>{label}</label>
      <select id={name} name={name}>
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

function Counts({ stats }: { stats: Stats }) {
  const { runs, byStatus, durationMs, since, until } = stats
  return (
    <section class="counts" aria-label="Counts">
      <p>
        <strong>{runs}</strong> {runs === 1 ? 'run' : 'runs'} from {minute(since)} to{' '}
        {minute(until)}
        {durationMs &&
          `; half of them took at most ${duration(durationMs.p50)}, 95 of 100 at most ${duration(durationMs.p95)}`}
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
        // A wide chart in a narrow window: to be scrolled, by the keyboard too.
        <section class="scroll" tabindex={0} aria-label="Chart">
          <Chart stats={stats} />
        </section>
      )}
    </section>
  )
}

function Runs({ page, query }: { page: RunPage; query: RunsPageProps['query'] }) {
  if (page.runs.length === 0) return <p id="runs">No run passes these filters.</p>
  return (
    <section id="runs" aria-label="Runs">
      <section class="scroll" tabindex={0} aria-label="Table of runs">
        <table>
          <thead>
            <tr>
              {[
                'Ended, UTC',
                'Status',
                'Exit',
                'Environment',
                'Key',
                'Time',
                'Wait',
                'CPU',
                'Memory',
                'Output',
                'Id',
              ].map((name) => (
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
  const { sign, words } = STATUS_WORDS[run.status]
  const details = [run.code, run.error, run.output, run.stderr].some((text) => text)
  return (
    <>
      <tr>
        <td>{run.endedAt.slice(0, 19).replace('T', ' ')}</td>
        <td>
          <span class={`sign ${run.status}`} aria-hidden="true">
            {sign}
          </span>{' '}
          {words}
        </td>
        <td>{run.exitCode ?? run.signal ?? ''}</td>
        <td>{run.environment}</td>
        <td>{run.key ?? ''}</td>
        <td>{duration(run.durationMs)}</td>
        <td>{duration(run.waitMs)}</td>
        <td>{duration(run.cpuMs)}</td>
        <td>{fileSize(run.peakMemoryBytes)}</td>
        <td>{fileSize(run.outputBytes)}</td>
        <td>
          <code>{run.id}</code>
        </td>
      </tr>
      {details && (
        <tr class="kept">
          <td colspan={11}>
            <details>
              <summary>Program and output</summary>
              <Kept name="Program" text={run.code} />
              <Kept name="Error" text={run.error} />
              <Kept name="Output" text={run.output} />
              <Kept name="Errors" text={run.stderr} />
            </details>
          </td>
        </tr>
      )}
    </>
  )
}

function Kept({ name, text }: { name: string; text: string | null }) {
  if (!text) return null
  return (
    <>
      <h2>{name}</h2>
      <pre>
        <Visible text={text} />
      </pre>
    </>
  )
}
