// The Compose files: that Compose takes them, and that each container is as closed as their heads say.

import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { parseConfig, settings, thisMachine } from '../../src/config/config.ts'
import { documents } from './yaml-files.ts'

interface Service {
  image: string
  command?: string[]
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  restart?: string
  mem_limit?: string
  pids_limit?: number
  stop_grace_period?: string
  environment?: Record<string, string>
  volumes?: string[]
  networks: string[]
  ports?: string[]
  healthcheck?: { test: string[] }
  depends_on?: object
}

interface Compose {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean }>
}

const read = (name: string) => documents<Compose>(`deploy/${name}`)[0] as Compose
const cluster = read('compose.cluster.yaml')
const more = read('compose.cluster-hosts.yaml')
const alone = read('compose.worker.yaml')
const service = ({ services }: Compose, name: string): Service => {
  const found = services[name]
  if (!found) throw new Error(`there is no service ${name}`)
  return found
}
const withSocket = ({ services }: Compose) =>
  Object.keys(services).filter((name) => JSON.stringify(services[name]).includes('docker.sock'))

/** The command of the plugin, or the one of its own. */
async function compose(args: string[], env: Record<string, string>) {
  const plugin = await execa('docker', ['compose', 'version'], { reject: false })
  const [file, ...first] = plugin.failed ? ['docker-compose'] : ['docker', 'compose']
  return execa(file as string, [...first, ...args], { env, reject: false })
}

/** What the example of an .env has, with something for what is to be filled in. */
function example(name: string): Record<string, string> {
  const lines = readFileSync(`deploy/${name}`, 'utf8').matchAll(/^([A-Z_]+)=(.*)$/gm)
  return Object.fromEntries([...lines].map(([, key, value]) => [key, value || '1']))
}

describe('Compose takes', () => {
  it.each([
    ['.env.example', {}, ['compose.yaml']],
    ['.env.cluster.example', {}, ['compose.cluster.yaml']],
    [
      ...(['.env.cluster.example', { REDIS_LISTEN: '10.0.0.1' }] as const),
      ['compose.cluster.yaml', 'compose.cluster-hosts.yaml'],
    ],
    ['.env.worker.example', {}, ['compose.worker.yaml']],
  ])('with %s %j: %j', async (env, others, files) => {
    const named = files.flatMap((file) => ['--file', `deploy/${file}`])
    const result = await compose([...named, 'config', '--quiet'], { ...example(env), ...others })
    expect([result.exitCode, result.stderr]).toEqual([0, ''])
  })
})

describe.each([
  ['compose.cluster.yaml', cluster],
  ['compose.worker.yaml', alone],
])('%s', (_, file) => {
  it.each(Object.keys(file.services))('closes %s', (name) => {
    expect(service(file, name)).toMatchObject({
      ...{ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      ...{ restart: 'unless-stopped', mem_limit: expect.stringMatching(/^\d+[mg]$/) },
      pids_limit: expect.any(Number),
    })
  })

  it('gives the socket of the engine to the worker alone', () => {
    expect(withSocket(file)).toEqual(['worker'])
  })

  it('sets what there is to set', () => {
    const ours = Object.values(file.services).filter(({ image }) => image === 'safe-code-executor')
    const known = [...Object.keys(settings(thisMachine())), 'NODE_EXTRA_CA_CERTS']
    for (const { environment = {} } of ours) {
      expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
    }
  })

  it('asks a worker for its health in Redis', () => {
    const { healthcheck } = service(file, 'worker')
    expect(healthcheck?.test).toEqual(['CMD', 'node', 'deploy/worker-healthcheck.js'])
  })
})

describe('the cluster', () => {
  const neighbours = (name: string) => {
    const { networks } = service(cluster, name)
    return Object.keys(cluster.services).filter(
      (other) =>
        other !== name && service(cluster, other).networks.some((one) => networks.includes(one)),
    )
  }

  it('lets each container reach those that it needs', () => {
    expect(neighbours('worker')).toEqual(['redis'])
    expect(neighbours('redis')).toEqual(['api-1', 'api-2', 'worker'])
    expect(neighbours('postgres')).toEqual(['api-1', 'api-2'])
    expect(neighbours('caddy')).toEqual(['api-1', 'api-2'])
  })

  it('has one way in and out', () => {
    const open = Object.keys(cluster.networks).filter((name) => !cluster.networks[name]?.internal)
    expect(open).toEqual(['outside'])
    const { services } = cluster
    expect(Object.keys(services).filter((name) => services[name]?.ports)).toEqual(['caddy'])
    expect(service(cluster, 'caddy').networks).toContain('outside')
    expect(Object.keys(more.services)).toEqual(['redis'])
  })

  it('has two servers that are the same, and wait for no engine', () => {
    const [first, second] = [service(cluster, 'api-1'), service(cluster, 'api-2')]
    expect(second).toEqual(first)
    expect(first.environment).toMatchObject({ EXECUTOR: 'queue' })
    expect(service(cluster, 'caddy').environment?.UPSTREAM).toBe('api-1:5000 api-2:5000')
  })

  it('gives each container the time that its settings say', () => {
    const seconds = (name: string) =>
      Number.parseInt(service(cluster, name).stop_grace_period ?? '', 10)
    const config = parseConfig({
      ...service(cluster, 'api-1').environment,
      ...{
        API_KEYS_FILE: '',
        REDIS_URL: 'redis://redis',
        DATABASE_URL: 'file:x',
        ENVIRONMENTS: '',
      },
      ...{ QUEUE_PREFIX: '' },
    })
    expect(config.DRAIN_SECONDS).toBeGreaterThan(
      config.MAX_WAIT_SECONDS + config.MAX_TIMEOUT_SECONDS,
    )
    expect(seconds('api-1')).toBeGreaterThan(config.DRAIN_NOTICE_SECONDS + config.DRAIN_SECONDS + 7)
    expect(seconds('worker')).toBeGreaterThan(parseConfig({}).DRAIN_SECONDS + 5)
  })

  it('has the worker that other hosts have', () => {
    const mine = (file: Compose) => {
      const { environment = {}, volumes, networks, depends_on, ...rest } = service(file, 'worker')
      const { REDIS_URL, NODE_EXTRA_CA_CERTS, ...shared } = environment
      return { ...rest, ...shared }
    }
    expect(mine(alone)).toEqual(mine(cluster))
  })
})
