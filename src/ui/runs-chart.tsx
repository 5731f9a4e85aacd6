// The chart of the run log, an SVG with a title for each bar.

import type { Stats } from '../run-log/stats.ts'
import { duration, STATUSES } from './ends.ts'

/** In the chart's own units. */
const WIDTH = 960
const HEIGHT = 160
const AXIS = 18

/** A stacked bar for each interval, by status. */
export function Chart({ stats }: { stats: Stats }) {
  const sinceMs = Date.parse(stats.since)
  const rangeMs = Date.parse(stats.until) - sinceMs
  const sums = stats.buckets.map(({ byStatus }) =>
    Object.values(byStatus).reduce((a, b) => a + b, 0),
  )
  const highest = Math.max(1, ...sums)
  const width = Math.max(2, (stats.bucketMs / rangeMs) * WIDTH - 1)
  const label = `Runs over time: at most ${highest} in ${duration(stats.bucketMs)}`
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT + AXIS}`} role="img" aria-label={label}>
      <text x={0} y={10}>
        {highest}
      </text>
      <line x1={0} y1={HEIGHT} x2={WIDTH} y2={HEIGHT} />
      {stats.buckets.map(({ start, byStatus }) => {
        const x = Math.max(0, ((Date.parse(start) - sinceMs) / rangeMs) * WIDTH)
        let y = HEIGHT
        return (
          <g>
            <title>{`${minute(start)}: ${STATUSES.filter((status) => byStatus[status])
              .map((status) => `${byStatus[status]} ${status}`)
              .join(', ')}`}</title>
            {STATUSES.map((status) => {
              const height = ((byStatus[status] ?? 0) / highest) * (HEIGHT - 14)
              y -= height
              return height > 0 && <rect class={status} x={x} y={y} width={width} height={height} />
            })}
          </g>
        )
      })}
      <text x={0} y={HEIGHT + 14}>
        {minute(stats.since)}
      </text>
      <text x={WIDTH} y={HEIGHT + 14} text-anchor="end">
        {minute(stats.until)}
      </text>
    </svg>
  )
}

/** Such as `2026-01-31 12:00`. */
export function minute(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}
