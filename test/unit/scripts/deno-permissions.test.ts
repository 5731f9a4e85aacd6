// What the server may do on Deno, by its settings.

import { expect, it } from 'vitest'
import { denoPermissions } from '../../../scripts/deno-permissions.ts'
import { parseConfig } from '../../../src/config/config.ts'

const PLACE = { address: '127.0.0.1', socket: undefined }

/** The flags that are for one thing, without its name. */
const of = (flags: string[], thing: string) =>
  flags
    .filter((flag) => flag.startsWith(`--allow-${thing}=`))
    .flatMap((flag) => flag.slice(flag.indexOf('=') + 1).split(','))

it('are few where nothing is kept and nothing shared', () => {
  expect(denoPermissions(parseConfig({ DATABASE_URL: 'off' }), PLACE)).toEqual([
    '--allow-env',
    '--allow-sys=hostname,systemMemoryInfo',
    '--allow-net=127.0.0.1:5000',
    '--allow-run=docker',
    '--allow-read=dist/ui/browser,node_modules/swagger-ui-dist,sandbox/environments,sandbox/probe.py',
  ])
})

it('have the socket of the engine, in the three ways that Deno asks for', () => {
  const flags = denoPermissions(parseConfig({ DATABASE_URL: 'off' }), { ...PLACE, socket: '/s' })
  expect(of(flags, 'net')).toContain('unix:/s')
  expect(of(flags, 'read')).toContain('/s')
  expect(of(flags, 'write')).toEqual(['/s'])
})

it('have no engine where workers run the programs', () => {
  const config = parseConfig({ DATABASE_URL: 'off', EXECUTOR: 'queue', REDIS_URL: 'redis://r:7' })
  expect(denoPermissions(config, { ...PLACE, socket: '/s' })).toEqual([
    '--allow-env',
    '--allow-sys=hostname,systemMemoryInfo',
    '--allow-net=127.0.0.1:5000,r:7',
    '--allow-read=dist/ui/browser,node_modules/swagger-ui-dist,sandbox/environments,node_modules/@bull-board/ui',
  ])
})

it.each([
  [{ PORT: '0' }, '127.0.0.1', ['127.0.0.1:0']],
  [{ HOST: '::1' }, '::1', ['[::1]:5000']],
  [{ HOST: 'localhost' }, '127.0.0.1', ['127.0.0.1:5000', 'localhost']],
  [{ REDIS_URL: 'rediss://:p@r.example' }, '127.0.0.1', ['127.0.0.1:5000', 'r.example:6379']],
  [{ REDIS_URL: 'redis://r:7' }, '127.0.0.1', ['127.0.0.1:5000', 'r:7']],
])('reach with %j no other address', (settings, address, net) => {
  const config = parseConfig({ DATABASE_URL: 'off', ...settings })
  expect(of(denoPermissions(config, { ...PLACE, address }), 'net')).toEqual(net)
})

it('reach every address where there are webhooks, and say so once', () => {
  const config = parseConfig({ WEBHOOKS: 'on', REDIS_URL: 'redis://r:7' })
  const flags = denoPermissions(config, PLACE).filter((flag) => flag.startsWith('--allow-net'))
  expect(flags).toEqual(['--allow-net'])
})

it('have the database that the records are in', () => {
  const sqlite = denoPermissions(parseConfig({}), PLACE)
  expect(of(sqlite, 'write')).toEqual(['./data'])
  expect(of(sqlite, 'ffi')).toEqual(['node_modules/@libsql'])
  const postgres = denoPermissions(parseConfig({ DATABASE_URL: 'postgres://u:p@h/d' }), PLACE)
  expect(of(postgres, 'net')).toEqual(['127.0.0.1:5000', 'h:5432'])
  expect(postgres.join()).not.toMatch(/write|ffi/)
})

it('keep a comma of a path apart from one between two', () => {
  const config = parseConfig({ DATABASE_URL: 'off', API_KEYS_FILE: 'a,b.json' })
  expect(denoPermissions(config, PLACE).at(-1)).toMatch(/,a,,b\.json$/)
})
