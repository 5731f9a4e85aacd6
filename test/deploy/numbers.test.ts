// Numbers in the files of deploy/ and in docs/cluster.md that must fit the defaults of the server, and each other.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { startTimeoutSeconds } from '../../src/executor/spec.ts'
import { MAX_DROPPED_BYTES } from '../../src/middleware/unread-body.ts'
import { MAX_CONNECTIONS } from '../../src/server/connections.ts'
import { ownNeed } from '../../src/server/own-memory.ts'
import { documents } from './yaml-files.ts'

const config = parseConfig({})
const longestRunSeconds =
  config.MAX_WAIT_SECONDS + startTimeoutSeconds(config) + config.MAX_TIMEOUT_SECONDS
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

describe('limits of a server or a worker itself', () => {
  const [MEBIBYTE, GIBIBYTE] = [2 ** 20, 2 ** 30]
  /** The largest host that the files are for, with both environments. */
  const host = { cores: 48, memoryBytes: 512 * GIBIBYTE }
  const withEngine = ownNeed(parseConfig({ ENVIRONMENTS: 'python,data' }, host))
  const queue = { EXECUTOR: 'queue', REDIS_URL: 'redis://localhost' }
  const without = ownNeed(parseConfig(queue, host))

  const bytesOf = (text: string) => {
    const [, number, unit = ''] = text.match(/^(\d+)([gm])i?$/i) ?? []
    return Number(number) * (unit.toLowerCase() === 'g' ? GIBIBYTE : MEBIBYTE)
  }
  interface Service {
    mem_limit: string
    pids_limit: number
  }
  const service = (file: string, name: string) => {
    const [compose] = documents<{ services: Record<string, Service> }>(`deploy/${file}`)
    const found = compose?.services[name]
    if (!found) throw new Error(`${file} has no service ${name}`)
    return { memoryBytes: bytesOf(found.mem_limit), tasks: found.pids_limit }
  }
  const unit = (name: string) =>
    readFileSync('deploy/safe-code-executor.service', 'utf8').match(
      new RegExp(`^${name}=(.*)$`, 'm'),
    )?.[1] ?? ''
  interface Pod {
    kind: string
    spec: {
      template: {
        spec: { containers: { resources: Record<'limits' | 'requests', { memory: string }> }[] }
      }
    }
  }
  const pod = (file: string, kind: string) => {
    const found = documents<Pod>(`deploy/kubernetes/${file}`).find((one) => one.kind === kind)
    return bytesOf(found?.spec.template.spec.containers[0]?.resources.limits.memory ?? '')
  }

  it.each([
    ['compose.yaml', () => service('compose.yaml', 'api'), withEngine],
    ['compose.worker.yaml', () => service('compose.worker.yaml', 'worker'), withEngine],
    ['compose.cluster.yaml', () => service('compose.cluster.yaml', 'worker'), withEngine],
    ['its servers', () => service('compose.cluster.yaml', 'api-1'), without],
    [
      'safe-code-executor.service',
      () => ({ memoryBytes: bytesOf(unit('MemoryMax')), tasks: Number(unit('TasksMax')) }),
      withEngine,
    ],
  ])('are enough for 48 cores: %s', (_, limits, need) => {
    const { memoryBytes, tasks } = limits()
    expect(memoryBytes).toBeGreaterThanOrEqual(need.memoryBytes)
    expect(memoryBytes, 'not far more').toBeLessThan(3 * need.memoryBytes)
    expect(tasks).toBeGreaterThanOrEqual(need.tasks)
  })

  it('are enough for 48 cores: kubernetes', () => {
    expect(pod('workers.yaml', 'DaemonSet')).toBeGreaterThanOrEqual(withEngine.memoryBytes)
    expect(pod('api.yaml', 'Deployment')).toBeGreaterThanOrEqual(without.memoryBytes)
  })

  it('have files for every connection and every container', () => {
    // Three pipes of each `docker run`, and the database's, Redis's and the server's own.
    const files = MAX_CONNECTIONS + 3 * withEngine.containers + 100
    expect(Number(unit('LimitNOFILE'))).toBeGreaterThan(files)
  })

  it('are said as they are reckoned', () => {
    const MB = (bytes: number) => Math.ceil(bytes / MEBIBYTE)
    const text = readFileSync('docs/cluster.md', 'utf8')
    const rows = [...text.matchAll(/^\| (\d+) cores \| (\d+) \| (\d+) MB \| (\d+) \|$/gm)]
    expect(rows.length).toBeGreaterThan(2)
    for (const [, cores, ...shown] of rows) {
      const need = ownNeed(parseConfig({}, { ...host, cores: Number(cores) }))
      expect(shown.map(Number), `${cores} cores`).toEqual([
        ...[need.containers, MB(need.memoryBytes), need.tasks],
      ])
    }
  })
})

it.each([
  ['compose.cluster.yaml', /DRAIN_SECONDS: '60'[\s\S]*?stop_grace_period: (\d+)s/g, 5 + 60],
  ['compose.cluster.yaml', /command: \[worker\][\s\S]*?stop_grace_period: (\d+)s/g, 15 + 5],
  ['compose.worker.yaml', /command: \[worker\][\s\S]*?stop_grace_period: (\d+)s/g, 15 + 5],
])('%s waits for the end of what runs: %s', (file, pattern, seconds) => {
  for (const number of numbers(file, pattern)) expect(number).toBeGreaterThan(seconds)
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

  it('says how long a lease holds, and when a worker gives a run up', () => {
    const lease = readFileSync('src/queue/lease.ts', 'utf8')
    expect(lease).toContain('LEASE_MS = 10_000')
    expect(lease).toContain('RENEW_MS = 2000')
    expect(lease).toContain('MARGIN_MS = 3000')
  })
})
