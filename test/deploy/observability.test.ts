// The alert rules and the dashboard: that Prometheus takes them, that each alert fires when it should, and that both
// ask for what a real server tells.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { redisService } from '../support/services.ts'
import { startStub } from '../support/stub-process.ts'

const ALERTS = 'deploy/alerts.yaml'
const ALERT_TESTS = 'deploy/alerts.test.yaml'
const DASHBOARD = 'deploy/grafana-dashboard.json'
const PREFIX = 'safe_code_executor_'
/** The variable that says which Prometheus the dashboard asks. */
const SOURCE = 'DS_PROMETHEUS'
/** What Prometheus itself tells of each target. */
const OF_PROMETHEUS = /^up$/

/** Where setup puts it, unless there is one already. */
const SETUP_PROMTOOL = '.setup/promtool'
const PROMTOOL = process.env.PROMTOOL ?? (existsSync(SETUP_PROMTOOL) ? SETUP_PROMTOOL : 'promtool')
/** How promtool ends where the text is well-formed and it dislikes a name or a help. */
const LINT_CODE = 3

interface Sample {
  name: string
  labels: Record<string, string>
}

interface Panel {
  id: number
  type: string
  title: string
  description?: string
  datasource?: object
  gridPos: { x: number; y: number; w: number; h: number }
  fieldConfig?: { defaults: { unit?: string } }
  targets?: { refId: string; expr: string; datasource: object }[]
}

interface Variable {
  name: string
  type: string
  definition?: string
  query: string | { query: string }
}

const alerts = readFileSync(ALERTS, 'utf8')
const dashboard: { panels: Panel[]; templating: { list: Variable[] }; schemaVersion: number } =
  JSON.parse(readFileSync(DASHBOARD, 'utf8'))
const shown = dashboard.panels.filter(({ type }) => type !== 'row')
const variables = dashboard.templating.list

/** What a server tells after one run; it has all that is optional: webhooks, a run log, and a Redis, which is away. */
let alone: string
/** What a server with EXECUTOR=queue tells, which has a worker. */
let queued: string
/** What either tells. */
let metrics: string

beforeAll(async () => {
  alone = await metricsAlone()
  queued = await metricsOfQueue()
  metrics = `${alone}\n${queued}`
})

async function metricsAlone(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sce-observability-'))
  try {
    const server = await startServer({
      ...{ DATABASE_URL: `file:${join(folder, 'runs.db')}` },
      ...{ RATE_LIMIT: 'on', REDIS_URL: 'redis://127.0.0.1:1' },
      ...{ MAX_RUNNING: '1', POOL_SIZE: '1', WEBHOOKS: 'on' },
    })
    try {
      await server.run({ code: 'print(2 + 2)' })
      // Routes are told of when somebody was there.
      await fetch(`${server.url}/ui`, { method: 'POST', body: new URLSearchParams() })
      return await metricsOf(server)
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function metricsOfQueue(): Promise<string> {
  const redis = await redisService()
  const prefix = 'sce-observability'
  const worker = await startStub(redis.url, prefix)
  const server = await startServer({
    ...{ EXECUTOR: 'queue', REDIS_URL: redis.url, QUEUE_PREFIX: prefix, WEBHOOKS: 'on' },
  })
  try {
    await server.run({ code: 'print(2 + 2)' })
    let text = ''
    await eventually('the server knows the worker', 5000, async () => {
      text = await metricsOf(server)
      return text.includes(`${PREFIX}worker_slots{`)
    })
    return text
  } finally {
    await server.stop()
    await worker.kill('SIGKILL')
    await redis.remove()
  }
}

async function metricsOf({ url }: Server): Promise<string> {
  return (await fetch(`${url}/metrics`)).text()
}

const promtool = (args: string[], input = '') => execa(PROMTOOL, args, { input, reject: false })

describe('promtool', () => {
  it('takes the rules', async () => {
    expect(await promtool(['check', 'rules', ALERTS])).toMatchObject({ exitCode: 0 })
  })

  it('sees each alert fire when it should, and only then', async () => {
    expect(await promtool(['test', 'rules', ALERT_TESTS])).toMatchObject({ exitCode: 0 })
  })

  it.each(['alone', 'with a queue'])('takes the metrics of a server: %s', async (which) => {
    const text = which === 'alone' ? alone : queued
    const { exitCode, stdout, stderr } = await promtool(['check', 'metrics'], text)
    expect([0, LINT_CODE], stderr).toContain(exitCode)
    // Those of Node.js have the names that prom-client gives them.
    const complaints = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
    expect(complaints.filter((line) => !line.startsWith('nodejs_'))).toEqual([])
  })
})

describe('alerts', () => {
  const rules = alerts.split(/^ {6}- (?=alert:|record:)/m).slice(1)
  const nameOf = (rule: string) => rule.match(/^(?:alert|record): (\S+)/)?.[1] ?? ''
  const firing = rules.filter((rule) => rule.startsWith('alert:'))

  it('ask for what a server tells', () => {
    const recorded = rules.filter((rule) => rule.startsWith('record:')).map(nameOf)
    const asked = rules.flatMap((rule) => {
      const expr = rule.match(/^ {8}expr: \|\n((?: {10}.*\n)+)/m)?.[1]
      expect(expr, rule).toBeDefined()
      return selectorsOf(expr ?? '')
    })
    expect(asked.length).toBeGreaterThan(rules.length)
    expect(unknownTo(samplesOf(metrics), asked, recorded)).toEqual([])
  })

  it.each(firing.map((rule) => [nameOf(rule), rule]))(
    '%s says what to do, and is tried',
    (name, rule) => {
      for (const key of ['for', 'severity', 'summary', 'description', 'runbook']) {
        expect(rule).toMatch(new RegExp(`^ +${key}: \\S`, 'm'))
      }
      expect(rule).toMatch(/severity: (critical|warning)$/m)
      expect(readFileSync(ALERT_TESTS, 'utf8')).toContain(`ALERTS{alertname="${name}",`)
    },
  )
})

describe('the dashboard', () => {
  const expressions = shown.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

  it('asks for what a server tells', () => {
    const ofVariables = variables.flatMap(({ definition }) => {
      const [, selector, label] = definition?.match(/^label_values\((.*), (\w+)\)$/) ?? []
      return selector && label ? [selector] : []
    })
    expect(ofVariables).toHaveLength(variables.length - 1)
    const asked = [...expressions, ...ofVariables].flatMap(selectorsOf)
    expect(unknownTo(samplesOf(metrics), asked)).toEqual([])
  })

  it('asks in words that Prometheus takes', async () => {
    const rules = expressions.map((expr, index) => ({
      record: `panel_${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    const folder = mkdtempSync(join(tmpdir(), 'sce-observability-'))
    try {
      const file = join(folder, 'rules.json') // JSON is YAML
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
      expect(await promtool(['check', 'rules', file])).toMatchObject({ exitCode: 0 })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('shows every metric of ours', () => {
    const families = [...metrics.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '']) => name)
    const ours = families.filter((name) => name.startsWith(PREFIX))
    expect(ours.length).toBeGreaterThan(20)
    const names = expressions.flatMap(selectorsOf).map(({ name }) => name)
    const isShown = (family: string) =>
      names.some((name) => name.replace(/_(bucket|sum|count)$/, '') === family)
    expect(ours.filter((family) => !isShown(family))).toEqual([])
  })

  it('takes its data from where the reader says', () => {
    const source = { type: 'prometheus', uid: `\${${SOURCE}}` }
    for (const { title, datasource, targets = [] } of shown) {
      expect([datasource, ...targets.map((target) => target.datasource)], title).toEqual(
        [0, ...targets].map(() => source),
      )
    }
    expect(variables[0]).toMatchObject({ name: SOURCE, type: 'datasource' })
    expect(variables.map(({ name }) => name)).toContain('environment')
  })

  it('has panels with an id, a place, a unit and a word on what they show', () => {
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(cells.filter((cell) => Number.parseInt(cell, 10) >= 24)).toEqual([])
    for (const { title, description, fieldConfig, targets } of shown) {
      expect({ title, description, unit: fieldConfig?.defaults.unit }).toEqual({
        title: expect.stringMatching(/./),
        description: expect.stringMatching(/./),
        unit: expect.stringMatching(/./),
      })
      const refIds = targets?.map(({ refId }) => refId) ?? []
      expect(refIds.length, title).toBeGreaterThan(0)
      expect(new Set(refIds).size, title).toBe(refIds.length)
    }
  })
})

interface Selector {
  name: string
  matchers: { label: string; value: string }[]
}

/** The lines of a text of metrics that have a value. */
function samplesOf(text: string): Sample[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]),
    ),
  }))
}

const WORDS_OF_PROMQL =
  /^(and|or|unless|on|ignoring|by|without|bool|offset|group_left|group_right)$/

/** The series that an expression asks for. */
function selectorsOf(expression: string): Selector[] {
  const bare = expression
    .replace(/\[[^\]]*\]/g, '') // ranges
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '') // lists of labels
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)(\s*\()?(?:\{([^}]*)\})?/g)]
    .filter(([, name = '', call]) => !call && !WORDS_OF_PROMQL.test(name))
    .map(([, name = '', , inBraces = '']) => ({
      name,
      matchers: [...inBraces.matchAll(/(\w+)\s*=~?\s*"([^"]*)"/g)].map(
        ([, label = '', value = '']) => ({ label, value }),
      ),
    }))
}

/** Those that no sample answers to. Prometheus adds `job` and `instance`; what the reader chooses may be anything. */
function unknownTo(samples: Sample[], selectors: Selector[], recorded: string[] = []): string[] {
  return selectors
    .filter(({ name }) => !OF_PROMETHEUS.test(name))
    .filter(({ name }) => !recorded.includes(name))
    .flatMap(({ name, matchers }) => {
      const named = samples.filter((sample) => sample.name === name)
      if (named.length === 0) return [name]
      const asked = matchers
        .filter(({ label, value }) => !/^(job|instance)$/.test(label) && !value.startsWith('$'))
        .flatMap(({ label, value }) => value.split('|').map((one) => ({ label, one })))
      return asked
        .filter(({ label, one }) => !named.some(({ labels }) => labels[label] === one))
        .map(({ label, one }) => `${name}{${label}="${one}"}`)
    })
}
