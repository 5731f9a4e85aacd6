// The layout of src/: rooms in an order, so that what one may use can be told from where it is.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, normalize, relative } from 'node:path'
import { expect, it } from 'vitest'

/** The rooms, from the lowest. A file imports from its own room and from those before it. docs/architecture.md says what each has. */
const ROOMS = [
  ...['keys', 'rate-limiter', 'environments', 'config', 'run', 'waits', 'output', 'admission'],
  ...['engines', 'executor', 'attacks', 'run-log', 'webhooks', 'async-runs', 'queue'],
  ...['client', 'cli', 'openapi', 'ui', 'metrics', 'middleware', 'streams', 'routes', 'server'],
]
/** Folders of test/unit/ that are none of src/. */
const OTHER_TESTS = ['docs', 'sandbox', 'scripts', 'support']

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g

const entries = (folder: string) => readdirSync(folder, { withFileTypes: true })

/** What each file of src/ imports of it, by paths inside of it. */
const imports = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|tsx|js)$/.test(path))
    .map((path) => {
      const text = readFileSync(`src/${path}`, 'utf8')
      const found = [...text.matchAll(IMPORT)].map(([, to = '']) =>
        relative('src', normalize(`src/${dirname(path)}/${to}`)),
      )
      return [path, found.filter((to) => !to.startsWith('..'))] as const
    }),
)

const roomOf = (path: string) => path.split('/')[0] as string

it('has one file at the root, and rooms that are all in the order', () => {
  expect(entries('src').flatMap((entry) => (entry.isFile() ? entry.name : []))).toEqual(['main.ts'])
  const rooms = entries('src').flatMap((entry) => (entry.isDirectory() ? entry.name : []))
  expect(rooms.sort()).toEqual([...ROOMS].sort())
})

it('has no import that goes up', () => {
  expect(imports.size).toBeGreaterThan(200)
  const upward = [...imports].flatMap(([from, all]) =>
    all
      .filter((to) => from !== 'main.ts' && ROOMS.indexOf(roomOf(to)) > ROOMS.indexOf(roomOf(from)))
      .map((to) => `${from} -> ${to}`),
  )
  expect(upward).toEqual([])
})

it('has no files that import each other in a circle', () => {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, above: readonly string[]) => {
    if (above.includes(path)) circles.push([...above.slice(above.indexOf(path)), path].join(' -> '))
    if (done.has(path) || above.includes(path)) return
    for (const to of imports.get(path) ?? []) visit(to, [...above, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  expect(circles).toEqual([])
})

it('has tests in folders of the same names', () => {
  const folders = entries('test/unit').flatMap((entry) => (entry.isDirectory() ? entry.name : []))
  const unknown = folders.filter((name) => ![...ROOMS, ...OTHER_TESTS].includes(name))
  expect(unknown).toEqual([])
})

it('spreads no object that is written there, which is nothing but a way around the formatter', () => {
  const found = [...imports.keys()].filter((path) =>
    readFileSync(`src/${path}`, 'utf8').includes('...{'),
  )
  expect(found).toEqual([])
})
