// Code in the documents, against real servers: each shell block that is marked `sh run` or `sh keys` succeeds, and prints
// what the block after it shows. TypeScript and Python run too.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signedHeaders } from '../../src/webhooks/signature.ts'
import { answerPattern, documents, type Fence, readDocument } from '../support/documents.ts'
import { type Server, startServer } from '../support/server.ts'

const SHOWN_URL = 'http://127.0.0.1:5000'
const MAIN = resolve('dist/main.js')
const MARKER = '=== end of a block ==='

/** The command without a download; a server takes a new key within two seconds. */
const PRELUDE = `set -e
npx() { shift; node "${MAIN}" "$@"; if [ "$1 $2" = "key new" ]; then sleep 2.5; fi; }
`

let folder: string
let servers: Record<'run' | 'keys', Server>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'documents-'))
  symlinkSync(resolve('examples'), join(folder, 'examples'))
  await execa('node', [MAIN, 'key', 'new', 'any', '--file', 'keys.json'], { cwd: folder })
  servers = {
    run: await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '2' }),
    keys: await startServer({
      ...{ API_KEYS_FILE: join(folder, 'keys.json'), POOL_SIZE: '1' },
      DATABASE_URL: `file:${join(folder, 'runs.db')}`,
    }),
  }
}, 120_000)
afterAll(async () => {
  await Promise.all(Object.values(servers ?? {}).map((server) => server.stop()))
  rmSync(folder, { recursive: true })
})

interface Block {
  command: string
  /** What it must print, where the document shows that. */
  answer: string | undefined
  line: number
}

/** The blocks with a mark, in order. */
function blocksOf(fences: Fence[], mark: string): Block[] {
  return fences.flatMap(({ words, text, line }, index) => {
    if (words[0] !== 'sh' || words[1] !== mark) return []
    const next = fences[index + 1]
    const answer = next?.followsFence && next.words[0] !== 'sh' ? next.text : undefined
    return [{ command: text, answer, line }]
  })
}

const cases = documents().flatMap(({ path, fences }) =>
  (['run', 'keys'] as const).flatMap((mark) => {
    const blocks = blocksOf(fences, mark)
    return blocks.length > 0 ? [{ path, mark, blocks }] : []
  }),
)

describe.each(cases)('$path, $mark', ({ mark, blocks }) => {
  it('each block prints what the document shows', async () => {
    const script = blocks.map(({ command }) => `${command}printf '\\n%s\\n' '${MARKER}'\n`).join('')
    const { stdout, stderr, exitCode } = await execa('bash', ['-s'], {
      ...{ cwd: folder, reject: false, timeout: 100_000 },
      input: PRELUDE + script.replaceAll(SHOWN_URL, servers[mark].url),
    })
    const answers = stdout
      .split(`\n${MARKER}`)
      .map((answer) => answer.replaceAll('\r', '').replaceAll(': heartbeat\n\n', '').trim())
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
    for (const [index, { answer, line }] of blocks.entries()) {
      if (answer !== undefined)
        expect(answers[index], `line ${line}`).toMatch(answerPattern(answer))
    }
  }, 120_000)
})

const modules = documents().flatMap(({ path, fences }) =>
  fences.filter(({ words }) => words[0] === 'ts').map(({ text, line }) => ({ path, line, text })),
)

it.each(modules)('the TypeScript of $path, line $line, runs', async ({ line, text }) => {
  const file = join(folder, `${line}.mts`)
  const code = text
    .replace("'safe-code-executor/client'", `'${resolve('dist/client/client.js')}'`)
    .replace(SHOWN_URL, servers.run.url)
    .replace('sce_…', 'sce_any')
  writeFileSync(file, code)
  const { stdout } = await execa(process.execPath, ['--import', 'tsx', file])
  expect(stdout).not.toBe('')
})

it('the Python of docs/webhooks.md verifies messages', async () => {
  const { fences } = readDocument('docs/webhooks.md')
  const code = fences.find(({ words }) => words[0] === 'python')?.text
  const secret = 'whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ='
  const body = '{"type":"run.ended"}'
  const timestampSeconds = Math.floor(Date.now() / 1000)
  const headers = JSON.stringify(signedHeaders({ id: 'a', timestampSeconds, body }, secret))
  const outcome = await servers.run.run({
    code: `${code}
headers, body, secret = ${headers}, ${JSON.stringify(body)}.encode(), "${secret}"
late = {**headers, "webhook-timestamp": "${timestampSeconds - 301}"}
print(is_genuine(headers, body, secret), is_genuine(headers, body + b" ", secret), is_genuine(late, body, secret))
print(is_genuine(headers, body, "another secret"))`,
  })
  expect(outcome).toMatchObject({ error: '', output: 'True False False\nFalse' })
})
