// nginx and Caddy with the site files of deploy/, in the foreground, on ports of loopback, in folders of their own. In
// the files only addresses, ports, names and paths of certificates are other ones.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { execa } from 'execa'
import { eventually } from '../support/docker.ts'
import { freePort } from './api-container.ts'

/** The name in the delivered files, which nothing resolves. */
export const SITE = 'run.example.org'
/** An address that the operator's networks have. */
export const OPERATOR = '127.0.0.77'
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5000

export interface RunningProxy {
  httpPort: number
  httpsPort: number
  /** The certificate that vouches for it, in PEM. */
  ca: string
  stop: () => Promise<void>
}

interface Place {
  folder: string
  httpPort: number
  httpsPort: number
  apiPort: number
}

interface Started {
  command: string
  args: string[]
  env?: Record<string, string>
  /** Where the certificate that vouches for it is or will be. */
  caFile: string
}

/** The proxies, each by what its process needs. */
const PREPARE = { nginx: prepareNginx, caddy: prepareCaddy }

export type ProxyName = keyof typeof PREPARE

/** Starts one before a server on `apiPort`; `settings` are what else its site reads from the environment. */
export async function startProxy(
  name: ProxyName,
  apiPort: number,
  settings: Record<string, string> = {},
): Promise<RunningProxy> {
  const folder = mkdtempSync(`${tmpdir()}/sce-deploy-`)
  chmodSync(folder, 0o755) // the workers of nginx are another user
  const [httpPort, httpsPort] = [await freePort(), await freePort()]
  const { command, args, env, caFile } = await PREPARE[name]({
    ...{ folder, httpPort, httpsPort, apiPort },
  })
  let log = ''
  const child = spawn(command, args, {
    env: { ...process.env, ...env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const stop = async () => {
    await end(child)
    rmSync(folder, { recursive: true })
  }
  try {
    await eventually(`${name} listens`, START_TIMEOUT_MS, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended`)
      return (await accepts(httpPort)) && (await speaksTls(httpsPort))
    })
    const ca = readFileSync(caFile, 'utf8')
    return { httpPort, httpsPort, ca, stop }
  } catch (error) {
    await stop()
    throw new Error(`${name} does not start: ${log}`, { cause: error })
  }
}

async function prepareNginx({ folder, httpPort, httpsPort, apiPort }: Place): Promise<Started> {
  const [certificate, key] = [`${folder}/certificate.pem`, `${folder}/key.pem`]
  await execa('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', `/CN=${SITE}`, '-addext', `subjectAltName=DNS:${SITE}`],
    ...['-keyout', key, '-out', certificate],
  ])
  const site = replaceAll(readFileSync('deploy/nginx.conf', 'utf8'), {
    'server 127.0.0.1:5000;': `server 127.0.0.1:${apiPort};`,
    '# allow 10.0.0.0/8;': `allow ${OPERATOR}/32;`,
    'listen 80;': `listen 127.0.0.1:${httpPort};`,
    'listen [::]:80;': `listen 127.0.0.2:${httpPort};`,
    'listen 443 ssl': `listen 127.0.0.1:${httpsPort} ssl`,
    'listen [::]:443 ssl': `listen 127.0.0.2:${httpsPort} ssl`,
    '/etc/ssl/certs/run.example.org.pem': certificate,
    '/etc/ssl/private/run.example.org.key': key,
  })
  writeFileSync(`${folder}/site.conf`, site)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    `${folder}/nginx.conf`,
    `daemon off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n  ')}
  include ${folder}/site.conf;
}
`,
  )
  const args = ['-p', folder, '-c', `${folder}/nginx.conf`, '-e', 'stderr']
  return { command: 'nginx', args, caFile: certificate }
}

/** The site as it is, imported by a file that has Caddy make its certificates by itself. */
async function prepareCaddy({ folder, httpPort, httpsPort, apiPort }: Place): Promise<Started> {
  writeFileSync(
    `${folder}/Caddyfile`,
    `{
  admin off
  default_bind 127.0.0.1
  http_port ${httpPort}
  https_port ${httpsPort}
  local_certs
  skip_install_trust
  storage file_system ${folder}/storage
}
import ${resolve('deploy/Caddyfile')}
`,
  )
  return {
    command: 'caddy',
    args: ['run', '--adapter', 'caddyfile', '--config', `${folder}/Caddyfile`],
    env: {
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      XDG_DATA_HOME: folder,
      SITE_ADDRESS: SITE,
      UPSTREAM: `127.0.0.1:${apiPort}`,
      ADMIN_NETWORKS: `127.0.0.1 ::1 ${OPERATOR}/32`,
    },
    caFile: `${folder}/storage/pki/authorities/local/root.crt`,
  }
}

/** @throws {Error} when one of the texts is not there: what is tested is what is delivered. */
function replaceAll(text: string, replacements: Record<string, string>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`deploy/nginx.conf has no ${from}`)
    return result.replaceAll(from, to)
  }, text)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  // Caddy waits for every connection that is open, without end.
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** Caddy listens before it has made its certificate, and refuses who comes then. */
function speaksTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      servername: SITE,
      rejectUnauthorized: false,
    })
    socket.once('secureConnect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('secureConnect', () => socket.destroy())
  })
}
