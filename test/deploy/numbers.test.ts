// Numbers in the files of deploy/ and in docs/cluster.md that must fit the defaults of the server, and each other.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { MAX_DROPPED_BYTES } from '../../src/middleware/unread-body.ts'

const config = parseConfig({})
const longestRunSeconds =
  config.MAX_WAIT_SECONDS + config.START_TIMEOUT_SECONDS + config.MAX_TIMEOUT_SECONDS
const longestEndSeconds = config.DRAIN_NOTICE_SECONDS + config.DRAIN_SECONDS

/** The number that a pattern finds in a file; all of them, where it is there more than once. */
function numbers(file: string, pattern: RegExp): number[] {
  const found = [...readFileSync(`deploy/${file}`, 'utf8').matchAll(pattern)]
  if (found.length === 0) throw new Error(`${file} has no ${pattern}`)
  return found.map((match) => Number(match[1]))
}

it.each([
  ['nginx.conf', /client_max_body_size (\d+);/g],
  ['nginx.conf', /must be at most (\d+) bytes/g],
  ['Caddyfile', /must be at most (\d+) bytes/g],
])('%s refuses what the server refuses: %s', (file, pattern) => {
  for (const number of numbers(file, pattern)) expect(number).toBe(config.MAX_BODY_BYTES)
})

it('Caddy hands on what the server reads to the end before it refuses it', () => {
  expect(numbers('Caddyfile', /Content-Length\} > "(\d+)"/g)).toEqual([MAX_DROPPED_BYTES])
  expect(numbers('Caddyfile', /max_size (\d+)MiB/g)).toEqual([MAX_DROPPED_BYTES / 2 ** 20])
})

it.each([
  ['nginx.conf', /proxy_read_timeout (\d+)s/g],
  ['Caddyfile', /response_header_timeout (\d+)s/g],
])('%s waits for the longest run: %s', (file, pattern) => {
  for (const number of numbers(file, pattern)) expect(number).toBeGreaterThan(longestRunSeconds)
})

it.each([
  ['compose.yaml', /image: safe-code-executor\n[\s\S]*?stop_grace_period: (\d+)s/g],
  ['safe-code-executor.service', /TimeoutStopSec=(\d+)/g],
  ['Dockerfile', /--stop-timeout (\d+)/g],
])('%s waits for the end of what runs: %s', (file, pattern) => {
  for (const number of numbers(file, pattern)) expect(number).toBeGreaterThan(longestEndSeconds)
})

describe('docs/cluster.md', () => {
  const text = readFileSync('docs/cluster.md', 'utf8')

  it('has as many hosts as its rule says: 70 % of what one does, and one more', () => {
    const rows = [...text.matchAll(/^\| (\d+) \| (\d+) \| (\d+) \|$/gm)].map((row) =>
      row.slice(1).map(Number),
    )
    expect(rows.length).toBeGreaterThan(5)
    for (const [runs = 0, ...hosts] of rows) {
      expect(hosts).toEqual([2, 7].map((each) => Math.ceil(runs / (0.7 * each)) + 1))
    }
  })

  it('leads to files and chapters that there are', () => {
    const heads = [...text.matchAll(/^#+ (.*)$/gm)].map(([, head = '']) =>
      head
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    const links = [...text.matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)/g)]
    expect(links.length).toBeGreaterThan(10)
    for (const [, file = '', chapter] of links) {
      if (file) expect(existsSync(`docs/${file}`), file).toBe(true)
      else expect(heads).toContain(chapter)
    }
  })

  it('says how long a lease holds, and when a worker gives a run up', () => {
    const lease = readFileSync('src/queue/lease.ts', 'utf8')
    expect(lease).toContain('LEASE_MS = 10_000')
    expect(lease).toContain('RENEW_MS = 2000')
    expect(lease).toContain('MARGIN_MS = 3000')
  })
})
