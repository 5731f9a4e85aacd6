// Every relative link of every document leads to a file, and every anchor to a heading. Files of the source that a document
// names exist.

import { existsSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsOf, documents } from '../../support/documents.ts'

const all = documents()
const byPath = new Map(all.map((document) => [document.path, document]))

/** Targets of links and pictures; code is left out. */
function targetsOf(prose: string[]): string[] {
  const text = prose.join('\n').replace(/`[^`\n]*`/g, 'code')
  return [
    ...[...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    ...[...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target = '']) => target),
  ]
}

it('finds the documents and their links', () => {
  expect([...byPath.keys()]).toEqual(expect.arrayContaining(['README.md', 'docs/README.md']))
  expect(targetsOf(byPath.get('README.md')?.prose ?? []).length).toBeGreaterThan(20)
})

describe.each(all.map((document) => [document.path, document] as const))('%s', (path, document) => {
  const targets = targetsOf(document.prose).filter((target) => !/^[a-z]+:/.test(target))

  it.each(targets.length > 0 ? [...new Set(targets)] : ['#'])('leads to %s', (target) => {
    const [file = '', anchor] = target.split('#')
    const at = file === '' ? path : normalize(join(path, '..', file))
    expect(existsSync(at), at).toBe(true)
    if (!anchor) return
    const other = byPath.get(at)
    expect(other, `${at} is a document`).toBeDefined()
    if (other) expect([...anchorsOf(other)]).toContain(anchor)
  })
})

it.each(all.map((document) => [document.path, document] as const))(
  '%s names files and folders of the source that exist',
  (_, { prose }) => {
    const named = [
      ...prose.join('\n').matchAll(/`((?:src|test|scripts|sandbox|examples|\.github)\/[\w./-]+)`/g),
    ].map(([, path = '']) => path)
    expect([...new Set(named)].filter((path) => !existsSync(path))).toEqual([])
  },
)

it('docs/README.md lists every document', () => {
  const listed = new Set(
    targetsOf(byPath.get('docs/README.md')?.prose ?? []).map((target) =>
      normalize(join('docs', target.replace(/#.*/, ''))),
    ),
  )
  const others = [...byPath.keys()].filter((path) => !listed.has(path))
  expect(others).toEqual(['docs/README.md', 'examples/README.md'])
})
