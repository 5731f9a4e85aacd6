// Real programs of many kinds, and requests of every kind at once: each gets exactly the answer that it should.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type Outcome, type RunRequestInput } from '../../src/client/client.ts'
import { type Server, startServer } from '../support/server.ts'

const FOLDER = `${import.meta.dirname}/../programs`
const MIN_LINES = 50

/** A program with what it is sent with, and the paths of the files that come back. */
interface Program {
  name: string
  request: RunRequestInput
  expectFiles: string[]
  output: string
}

const programs = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.py'))
  .map((file): Program => {
    const name = file.slice(0, -3)
    const read = (extension: string) => readFileSync(`${FOLDER}/${name}.${extension}`, 'utf8')
    const given = existsSync(`${FOLDER}/${name}.json`) ? JSON.parse(read('json')) : {}
    const { expectFiles = [], ...fields } = given
    return { name, request: { code: read('py'), ...fields }, expectFiles, output: read('out') }
  })

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data' })
})
afterAll(() => server.stop())

it('are at least twenty, each longer than fifty lines', () => {
  expect(programs.length).toBeGreaterThanOrEqual(20)
  for (const { request } of programs) {
    expect(request.code.trimEnd().split('\n').length).toBeGreaterThan(MIN_LINES)
  }
})

describe.concurrent('a program', () => {
  it.each(programs)('$name', async ({ request, expectFiles, output }) => {
    const outcome = await createClient({ url: server.url }).run(request)
    expect(`${outcome.output}\n`).toBe(output)
    expect(outcome).toMatchObject({ status: 'ok', error: '', stderr: '', filesOmitted: [] })
    expect(outcome.files.map(({ path }) => path)).toEqual(expectFiles)
  })
})

it('answers fifty mixed requests at once, each with what is its own', async () => {
  const client = createClient({ url: server.url })
  const kinds: ((n: number) => Promise<Partial<Outcome>>)[] = [
    (n) => client.run({ code: `print("json", ${n})` }),
    async (n) => {
      let text = ''
      let output = ''
      for await (const event of client.stream({ code: `print("stream", ${n})` })) {
        if (event.type === 'stdout') text += event.text
        if (event.type === 'result') output = event.outcome.output
      }
      expect(text).toBe(`${output}\n`)
      return { output }
    },
    async (n) => {
      const { files } = await client.run({
        code: 'open("out", "w").write(open("in").read())',
        files: [{ path: 'in', content: `files ${n}` }],
        outputFiles: ['out'],
      })
      return { output: files[0]?.content ?? '' }
    },
    async (n) => {
      const { displays } = await client.run({ code: `"last", ${n}`, displayLastExpression: true })
      return { output: displays[0]?.data.replace(/[(',)]/g, '') ?? '' }
    },
    (n) =>
      n % 2 === 0
        ? client.run({
            code: `import numpy\nprint("data", int(numpy.int64(${n})))`,
            environment: 'data',
          })
        : client.run({ code: `import sys\nprint("data", sys.stdin.read())`, stdin: String(n) }),
  ]
  const words = ['json', 'stream', 'files', 'last', 'data']
  const outputs = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => (await kinds[n % kinds.length]?.(n))?.output),
  )
  expect(outputs).toEqual(outputs.map((_, n) => `${words[n % words.length]} ${n}`))
}, 120_000)
