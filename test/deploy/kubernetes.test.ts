// The manifests for Kubernetes: that what belongs together fits, that each container is closed, that no secret is in them.
// No cluster is asked: `kubectl apply --dry-run=server` asks yours.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig, settings, thisMachine } from '../../src/config/config.ts'
import { parseEnvironmentFile } from '../../src/environments/environment-file.ts'
import { documents, filesIn } from './yaml-files.ts'

const FOLDER = 'deploy/kubernetes'

type Labels = Record<string, string>

interface Variable {
  name: string
  value?: string
  valueFrom?: {
    secretKeyRef?: { name: string; key: string }
    fieldRef?: { fieldPath: string }
  }
}

interface Probe {
  httpGet?: { path: string; port: string }
  exec?: { command: string[] }
}

interface Container {
  name: string
  image: string
  ports?: { name: string; containerPort: number }[]
  env?: Variable[]
  args?: string[]
  envFrom?: { configMapRef: { name: string } }[]
  resources: object
  securityContext: object
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; subPath?: string }[]
}

interface PodSpec {
  securityContext: object
  automountServiceAccountToken: boolean
  enableServiceLinks: boolean
  hostNetwork?: boolean
  terminationGracePeriodSeconds: number
  initContainers?: Container[]
  containers: Container[]
  volumes?: { name: string; hostPath?: object; secret?: { secretName: string } }[]
}

interface Peer {
  podSelector?: { matchLabels: Labels }
  namespaceSelector?: { matchLabels: Labels }
  ipBlock?: { cidr: string; except?: string[] }
}

interface Rule {
  from?: Peer[]
  to?: Peer[]
  ports: { port: number }[]
}

interface Manifest {
  file: string
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Labels }
  data?: Record<string, string>
  spec: {
    selector?: Labels & { matchLabels?: Labels }
    template?: { metadata: { labels: Labels }; spec: PodSpec }
    ports?: { name: string; port: number; targetPort: string }[]
    volumeClaimTemplates?: { metadata: { name: string } }[]
    podSelector?: { matchLabels?: Labels }
    policyTypes?: string[]
    ingress?: Rule[]
    egress?: Rule[]
    scaleTargetRef?: { kind: string; name: string }
  }
}

interface Kustomization {
  resources: string[]
  components?: string[]
  images?: { name: string }[]
}

/** With its comments: they say what an operator does. */
const text = readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')
const kustomizations = filesIn(FOLDER, 'kustomization.yaml')
const files = filesIn(FOLDER, '.yaml').filter((file) => !kustomizations.includes(file))
const manifests = files.flatMap((file) =>
  documents<Manifest>(file).map((manifest) => ({ ...manifest, file })),
)
const named = (kind: string, name: string, namespace?: string): Manifest => {
  const found = manifests.find(
    ({ kind: other, metadata }) =>
      kind === other &&
      metadata.name === name &&
      (namespace === undefined || metadata.namespace === namespace),
  )
  if (!found) throw new Error(`there is no ${kind} ${name}`)
  return found
}

const workloads = manifests.flatMap(({ spec, ...rest }) =>
  spec?.template ? [{ ...rest, spec, pod: spec.template.spec }] : [],
)
const containers = workloads.flatMap(({ metadata, pod }) =>
  [...(pod.initContainers ?? []), ...pod.containers].map((container) => ({
    ...{ namespace: metadata.namespace, workload: metadata.name, container },
  })),
)
const podsWith = (labels: Labels, namespace: string | undefined) =>
  workloads.filter(
    ({ metadata, spec }) =>
      metadata.namespace === namespace &&
      Object.entries(labels).every(([key, value]) => spec.template?.metadata.labels[key] === value),
  )

describe('the folder', () => {
  it.each(kustomizations)('%s names files that are there, and all of them', (file) => {
    const [kustomization] = documents<Kustomization>(file)
    const folder = dirname(file)
    const beside = files.filter((other) => dirname(other) === folder)
    expect(kustomization?.resources.map((name) => join(folder, name)).sort()).toEqual(beside)
  })

  it('names its optional parts', () => {
    const optional = [...text.matchAll(/^# {2}- ([\w-]+)$/gm)].map(([, name = '']) => name)
    expect(optional.map((name) => join(FOLDER, name, 'kustomization.yaml'))).toEqual(
      kustomizations
        .filter((file) => file !== join(FOLDER, 'kustomization.yaml'))
        .sort()
        .reverse(),
    )
  })

  it('has every manifest in a namespace that it makes', () => {
    const namespaces = manifests.filter(({ kind }) => kind === 'Namespace')
    const names = namespaces.map(({ metadata }) => metadata.name)
    const others = manifests.filter(({ kind }) => kind !== 'Namespace')
    expect(others.filter(({ metadata }) => !names.includes(metadata.namespace ?? ''))).toEqual([])
  })

  it('has no secret', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
    const secret = /PASSWORD|SALT|KEYS$|TOKEN/
    for (const { container } of containers) {
      const written = (container.env ?? []).filter(({ value }) => value !== undefined)
      expect(written.filter(({ name }) => secret.test(name))).toEqual([])
      for (const { value } of written) expect(value).not.toMatch(/:\/\/[^/]*:[^$][^/]*@/)
    }
  })

  it('says how each secret that it names is made', () => {
    const fromEnv = containers.flatMap(({ container }) =>
      (container.env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []),
    )
    const fromFiles = workloads.flatMap(({ pod }) =>
      (pod.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []),
    )
    expect(fromEnv.length).toBeGreaterThan(3)
    for (const { name, key } of fromEnv) {
      expect(text).toMatch(
        new RegExp(`secret generic ${name} [\\s\\S]{0,80}--from-literal=${key}=`),
      )
    }
    for (const name of fromFiles) expect(text).toContain(`secret generic ${name} --from-file=`)
  })
})

describe.each(containers.map((one) => [`${one.workload}/${one.container.name}`, one] as const))(
  'the container %s',
  (_, { container, namespace }) => {
    it('is not root, can write nowhere, and is bounded', () => {
      expect(container.securityContext).toEqual({
        ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
        capabilities: { drop: ['ALL'] },
      })
      const amounts = { cpu: expect.anything(), memory: expect.anything() }
      expect(container.resources).toEqual({ requests: amounts, limits: amounts })
    })

    it('reads what there is to set', () => {
      if (container.image !== 'safe-code-executor') return
      const maps = (container.envFrom ?? []).flatMap(({ configMapRef }) =>
        Object.keys(named('ConfigMap', configMapRef.name, namespace).data ?? {}),
      )
      const own = (container.env ?? []).map(({ name }) => name)
      const values = (container.env ?? []).map(({ value = '' }) => value).join(' ')
      // One is there for another one to have it in.
      const used = own.filter((name) => !values.includes(`$(${name})`))
      const known = Object.keys(settings(thisMachine()))
      expect([...maps, ...used].filter((name) => !known.includes(name))).toEqual([])
      expect(new Set([...maps, ...own]).size).toBe(maps.length + own.length)
    })

    it('is asked at ports that it has, with files that there are', () => {
      const { livenessProbe, readinessProbe, startupProbe, ports = [] } = container
      for (const { httpGet, exec } of [livenessProbe, readinessProbe, startupProbe].flatMap(
        (probe) => probe ?? [],
      )) {
        if (httpGet) {
          expect(ports.map(({ name }) => name)).toContain(httpGet.port)
          expect(['/healthz', '/readyz']).toContain(httpGet.path)
        } else if (exec?.command[0] === 'node') expect(existsSync(exec.command[1] ?? '')).toBe(true)
        else expect(exec?.command[0]).toBe('redis-cli')
      }
    })
  },
)

describe.each(workloads.map((one) => [one.kind, one.metadata.name, one] as const))(
  'the %s %s',
  (_, name, { spec, pod, metadata }) => {
    it('selects its own pods', () => {
      expect(spec.selector?.matchLabels).toEqual(spec.template?.metadata.labels)
      expect(podsWith(spec.selector?.matchLabels ?? {}, metadata.namespace)).toHaveLength(1)
    })

    it('has pods that are closed', () => {
      expect(pod).toMatchObject({
        ...{ automountServiceAccountToken: false, enableServiceLinks: false },
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      })
      expect(pod.hostNetwork).toBeUndefined()
      const fromHost = (pod.volumes ?? []).filter(({ hostPath }) => hostPath)
      expect(fromHost.map((volume) => volume.name)).toEqual(name === 'worker' ? ['engine'] : [])
    })

    it('mounts what it has', () => {
      const volumes = [
        ...(pod.volumes ?? []).map((volume) => volume.name),
        ...(spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata.name),
      ]
      const mounts = [...(pod.initContainers ?? []), ...pod.containers].flatMap(
        ({ volumeMounts = [] }) => volumeMounts,
      )
      expect([...new Set(mounts.map((mount) => mount.name))]).toEqual(volumes)
      expect(mounts.filter(({ subPath }) => subPath)).toEqual([])
    })
  },
)

describe('servers and workers', () => {
  const api = named('Deployment', 'api').spec.template?.spec as PodSpec
  const worker = named('DaemonSet', 'worker').spec.template?.spec as PodSpec
  const setTo = (pod: PodSpec, name: string) =>
    pod.containers[0]?.env?.find((variable) => variable.name === name)?.value
  const seconds = (pod: PodSpec, name: string) => Number(setTo(pod, name) ?? 0)

  it('have the time that their settings say', () => {
    const { MAX_WAIT_SECONDS, MAX_TIMEOUT_SECONDS } = parseConfig({})
    expect(seconds(api, 'DRAIN_SECONDS')).toBeGreaterThan(MAX_WAIT_SECONDS + MAX_TIMEOUT_SECONDS)
    // Connections, then the last records.
    expect(api.terminationGracePeriodSeconds).toBeGreaterThan(
      seconds(api, 'DRAIN_NOTICE_SECONDS') + seconds(api, 'DRAIN_SECONDS') + 7,
    )
    expect(worker.terminationGracePeriodSeconds).toBeGreaterThan(
      seconds(worker, 'DRAIN_SECONDS') + 5,
    )
  })

  it('agree on what a program may use', () => {
    const [ofApi, ofWorkers] = ['safe-code-executor', 'safe-code-executor-workers'].map(
      (namespace) => named('ConfigMap', 'settings', namespace).data ?? {},
    )
    expect(ofWorkers).toEqual(ofApi)
    const mountPath = setTo(worker, 'ENVIRONMENTS_DIR')
    expect(worker.containers[0]?.volumeMounts).toContainEqual(
      expect.objectContaining({ name: 'environments', mountPath }),
    )
    const { data } = named('ConfigMap', 'environments', 'safe-code-executor-workers')
    const { image } = parseEnvironmentFile(data?.['python.json'] ?? '')
    expect(worker.initContainers?.[0]?.args).toEqual([image])
    for (const data of [ofApi, ofWorkers]) expect(() => parseConfig(data ?? {})).not.toThrow()
  })

  it('listen where they are asked', () => {
    expect(Number(setTo(api, 'PORT'))).toBe(api.containers[0]?.ports?.[0]?.containerPort)
    expect(setTo(api, 'EXECUTOR')).toBe('queue')
    expect(worker.containers[0]?.ports).toBeUndefined()
    expect(worker.containers[0]?.livenessProbe).toBeUndefined()
    for (const [pod, host] of [
      [api, 'redis'],
      [worker, 'redis.safe-code-executor'],
    ] as const) {
      expect(setTo(pod, 'REDIS_URL')).toBe(`redis://:$(QUEUE_PASSWORD)@${host}:6379`)
    }
  })
})

describe('what points at pods', () => {
  const services = manifests.filter(({ kind }) => kind === 'Service')
  it.each(services.map((one) => [one.metadata.name, one] as const))(
    'the service %s finds them, at a port that they have',
    (_, { spec, metadata }) => {
      const [found, ...others] = podsWith(spec.selector ?? {}, metadata.namespace)
      expect(others).toEqual([])
      const ports = found?.pod.containers.flatMap((one) => one.ports ?? []).map(({ name }) => name)
      expect(spec.ports?.map(({ targetPort }) => targetPort)).toEqual(ports)
    },
  )

  it('the budget, the autoscaler and the ingress find theirs', () => {
    const { selector } = named('PodDisruptionBudget', 'api').spec
    expect(podsWith(selector?.matchLabels ?? {}, 'safe-code-executor')).toHaveLength(1)
    expect(named('HorizontalPodAutoscaler', 'api').spec.scaleTargetRef).toMatchObject({
      ...{ kind: 'Deployment', name: 'api' },
    })
    const backends = JSON.stringify(named('Ingress', 'api').spec).matchAll(
      /"service":\{"name":"(\w+)","port":\{"name":"(\w+)"\}\}/g,
    )
    const asked = [...new Set([...backends].map(([, name, port]) => `${name} ${port}`))]
    expect(asked).toEqual(['api http'])
    expect(named('Service', 'api').spec.ports?.[0]?.name).toBe('http')
  })

  it('the ingress has no path to what is the operator’s', () => {
    const paths = JSON.stringify(named('Ingress', 'api').spec)
    for (const path of ['/metrics', '/readyz', '/admin']) expect(paths).not.toContain(path)
    expect(paths).not.toContain('{"path":"/","pathType":"Prefix"')
    const { annotations } = named('Ingress', 'api').metadata as { annotations?: Labels }
    const of = (name: string) => annotations?.[`nginx.ingress.kubernetes.io/${name}`]
    expect(of('proxy-buffering')).toBe('off')
    expect(Number(of('proxy-body-size'))).toBe(parseConfig({}).MAX_BODY_BYTES)
  })
})

describe('the policies', () => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
  const component = (peer: Peer) => peer.podSelector?.matchLabels['app.kubernetes.io/component']
  const targets = (rules: Rule[] = []) =>
    rules.flatMap(({ to, from, ports }) =>
      (to ?? from ?? []).map((peer) => {
        const { namespaceSelector, ipBlock } = peer
        const namespace = namespaceSelector?.matchLabels['kubernetes.io/metadata.name']
        const whom = component(peer) ?? namespace ?? ipBlock?.cidr
        return `${whom} ${[...new Set(ports.map(({ port }) => port))]}`
      }),
    )

  it('shut both namespaces first', () => {
    for (const namespace of ['safe-code-executor', 'safe-code-executor-workers']) {
      expect(named('NetworkPolicy', 'default-deny', namespace).spec).toEqual({
        ...{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      })
    }
  })

  it('are about pods that there are', () => {
    for (const { metadata, spec } of policies) {
      const { matchLabels } = spec.podSelector ?? {}
      if (matchLabels) expect(podsWith(matchLabels, metadata.namespace)).toHaveLength(1)
    }
  })

  it('open what is needed, and nothing else', () => {
    const open = (name: string, namespace: string) => {
      const { ingress, egress } = named('NetworkPolicy', name, namespace).spec
      return { in: targets(ingress), out: targets(egress) }
    }
    expect(open('api', 'safe-code-executor')).toEqual({
      in: ['ingress-nginx 5000', 'monitoring 5000'],
      out: ['queue 6379', 'postgres 5432', 'kube-system 53'],
    })
    expect(open('queue', 'safe-code-executor')).toEqual({
      in: ['api 6379', 'worker 6379'],
      out: [],
    })
    expect(open('worker', 'safe-code-executor-workers')).toEqual({
      in: [],
      out: ['queue 6379', 'kube-system 53'],
    })
  })

  it('let webhooks reach nothing private', () => {
    const { egress } = named('NetworkPolicy', 'api-webhooks').spec
    const blocks = egress?.flatMap(({ to }) => to ?? []).map(({ ipBlock }) => ipBlock)
    expect(blocks?.map((block) => block?.cidr)).toEqual(['0.0.0.0/0', '2000::/3'])
    for (const network of ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16']) {
      expect(blocks?.[0]?.except).toContain(network)
    }
  })
})
