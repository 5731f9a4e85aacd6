// What the server may do on Deno: the flags of `deno run`, from its settings. Pure. They guard against a bug of the server
// or of a package; who may use the Docker engine could do more on its machine than they say.

import { dirname } from 'node:path'
import type { Config } from '../src/config/config.ts'
import { sqlitePath } from '../src/run-log/database.ts'

const REDIS_PORT = '6379'
const POSTGRES_PORT = '5432'

/** What the settings do not say themselves. */
export interface Place {
  /** The address that HOST is, or stands for. */
  address: string
  /** Where the engine is reached; undefined where that is no file of this machine. */
  socket: string | undefined
}

export function denoPermissions(config: Config, { address, socket }: Place): string[] {
  const { HOST, PORT, API_KEYS_FILE, REDIS_URL, DATABASE_URL, DOCKER_BIN } = config
  const hasEngine = config.EXECUTOR === 'local'
  const net = [`${address.includes(':') ? `[${address}]` : address}:${PORT}`]
  if (address !== HOST) net.push(HOST) // to look a name up, Deno wants all of its ports
  const sys = ['hostname', 'systemMemoryInfo']
  const read = ['dist/ui/browser', 'node_modules/swagger-ui-dist', 'sandbox/environments']
  if (config.ENVIRONMENTS_DIR) read.push(config.ENVIRONMENTS_DIR)
  const write: string[] = []
  const ffi: string[] = []

  if (hasEngine) read.push('sandbox/probe.py')
  else read.push('node_modules/@bull-board/ui')
  // Containers are killed through the engine's socket. Deno wants all three for one.
  if (hasEngine && socket) {
    net.push(`unix:${socket}`)
    read.push(socket)
    write.push(socket)
  }
  if (API_KEYS_FILE) read.push(API_KEYS_FILE)
  if (REDIS_URL) net.push(...service(REDIS_URL, REDIS_PORT))
  const isSqlite = DATABASE_URL !== false && DATABASE_URL.startsWith('file:')
  if (DATABASE_URL && !isSqlite) net.push(...service(DATABASE_URL, POSTGRES_PORT))
  if (DATABASE_URL && isSqlite) {
    const folder = dirname(sqlitePath(DATABASE_URL))
    read.push('src/run-log/sqlite-worker.js', folder)
    write.push(folder)
    // SQLite is machine code, and what loads it looks at the system to choose the right one.
    ffi.push('node_modules/@libsql')
    sys.push('cpus', 'networkInterfaces')
  }
  return [
    '--allow-env', // all of it, for it is handed on to the engine's command line client
    ...flag('sys', sys),
    // Whom a webhook reaches is the client's choice, and the server's filter of addresses bounds it.
    ...(config.WEBHOOKS ? ['--allow-net'] : flag('net', net)),
    ...flag('run', hasEngine ? [DOCKER_BIN] : []),
    ...flag('read', read),
    ...flag('write', write),
    ...flag('ffi', ffi),
  ]
}

function flag(name: string, values: string[]): string[] {
  // A comma in a value is written twice.
  const list = values.map((value) => value.replaceAll(',', ',,')).join(',')
  return list === '' ? [] : [`--allow-${name}=${list}`]
}

/** Host and port of a URL; none where it has no host. */
function service(url: string, defaultPort: string): string[] {
  const { hostname, port } = new URL(url)
  return hostname ? [`${hostname}:${port || defaultPort}`] : []
}
