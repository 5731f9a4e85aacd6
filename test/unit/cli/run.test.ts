// The command `run`: what a program or a server chose reaches the terminal as text, and nothing else of it.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { inJson, inLines, inOneLine } from '../../../src/cli/printed.ts'
import type { Outcome } from '../../../src/run/outcome.ts'
import { outcome } from '../support/app.ts'
import { commandLine } from '../support/command-line.ts'

const MAIN = commandLine()
/** Clears the screen, in both spellings of its first character; turns text around; begins a line of its own. */
const HOSTILE =
  '\x1b[2Jclear\x9b2J\u202etxt.exe\u2066\r\nsafe-code-executor: saved all\u2028\x07\x7f'
const ESCAPED =
  '\\u001b[2Jclear\\u009b2J\\u202etxt.exe\\u2066\\u000d\\u000asafe-code-executor: saved all'
/** What a terminal or a reader could take for something else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const DANGEROUS = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/
/** Starts of Node on a busy machine. */
const TIMEOUT_MS = 60_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'))
  writeFileSync(join(folder, 'x.py'), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the command against a server that answers so. */
async function run(answer: RequestListener, args: readonly string[] = []) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response))
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const command = [MAIN, 'run', join(folder, 'x.py')]
  const url = ['--url', `http://127.0.0.1:${port}`]
  return execa('node', [...command, ...url, ...args], { reject: false })
}

/** What a server answers whose program ended so. */
const ending = (given: Partial<Outcome>): RequestListener => {
  const data = JSON.stringify(outcome(given))
  return (_, response) =>
    response.setHeader('Content-Type', 'text/event-stream').end(`event: result\ndata: ${data}\n\n`)
}

const file = (path: string) => ({ path, content: 'x', encoding: 'utf8' as const, size: 1 })
const FILES: Partial<Outcome> = {
  files: [file(`a${HOSTILE}`), file(`b\0${HOSTILE}`), file(`c${HOSTILE}`)],
  filesOmitted: [{ path: `d${HOSTILE}`, reason: 'too_large' }],
  filesOmittedCount: 1,
}

it('says the hint, after the output of the program', { timeout: TIMEOUT_MS }, async () => {
  const answer = ending({ status: 'error', exitCode: 1, hint: `x${HOSTILE}` })
  const { stderr, exitCode } = await run(answer)
  expect(stderr).toMatch(/^safe-code-executor: x\\u001b/)
  expect(stderr).not.toMatch(DANGEROUS)
  expect(exitCode).toBe(1)
  expect((await run(answer, ['--json'])).stderr).toBe('')
})

describe('nothing of what others chose talks to the terminal:', () => {
  it(
    'names of files that are saved, that are not, and that were left out',
    async () => {
      const out = join(folder, 'out')
      const first = await run(ending(FILES), ['--save', out])
      const saved = readdirSync(out)
      expect(saved.toSorted()).toEqual([`a${HOSTILE}`, `c${HOSTILE}`])
      const { stderr } = await run(ending(FILES), ['--save', out])
      for (const text of [stderr, first.stderr]) {
        expect(text).not.toMatch(DANGEROUS)
        expect(text.split('\n')).toHaveLength(4)
        expect(text).not.toMatch(/^safe-code-executor: saved all/m)
      }
      expect(first.stderr).toContain(`saved ${out}/a${ESCAPED}`)
      expect(stderr.split('\n')[0]).toMatch(/not saved: .* already exists$/)
    },
    TIMEOUT_MS,
  )

  it(
    'names in the messages of the file system',
    async () => {
      writeFileSync(join(folder, 'taken'), '')
      const { stderr } = await run(ending(FILES), ['--save', join(folder, 'taken', HOSTILE)])
      expect(stderr).toContain('ENOTDIR')
      expect(stderr).not.toMatch(DANGEROUS)
      expect(stderr.split('\n')).toHaveLength(4)
    },
    TIMEOUT_MS,
  )

  it(
    'how a program ended, and why one did not run',
    async () => {
      const killed = await run(ending({ exitCode: null, status: 'killed', error: HOSTILE }))
      const refused = await run((_, response) => {
        response.writeHead(400).end(JSON.stringify({ code: 'invalid_request', error: HOSTILE }))
      })
      const broken = await run((_, response) => {
        response
          .setHeader('Content-Type', 'text/event-stream')
          .end(`event: result\ndata: ${HOSTILE.replaceAll('\n', '').replaceAll('\r', '')}\n\n`)
      })
      for (const { stderr, stdout } of [killed, refused, broken]) {
        expect(stderr).toMatch(/^safe-code-executor: ./)
        expect(stderr).not.toMatch(DANGEROUS)
        expect(stdout).toBe('')
      }
      expect(killed.stderr.split('\n')).toHaveLength(1)
    },
    TIMEOUT_MS,
  )

  it(
    'the outcome in JSON, which says the same',
    async () => {
      const given = { ...FILES, output: HOSTILE, stderr: HOSTILE, error: HOSTILE }
      const { stdout } = await run(ending(given), ['--json'])
      expect(stdout).not.toMatch(DANGEROUS)
      expect(JSON.parse(stdout)).toEqual(outcome(given))
    },
    TIMEOUT_MS,
  )

  it(
    'while its own output goes as it is',
    async () => {
      const data = JSON.stringify({ text: HOSTILE })
      const { stdout } = await run((_, response) => {
        const result = JSON.stringify(outcome({ output: HOSTILE }))
        response
          .setHeader('Content-Type', 'text/event-stream')
          .end(`event: stdout\ndata: ${data}\n\nevent: result\ndata: ${result}\n\n`)
      })
      expect(stdout).toBe(HOSTILE)
    },
    TIMEOUT_MS,
  )
})

it('ordinary text stays as it is', () => {
  const text = 'añb 日本 👩‍👩‍👧 "x" \\ C:/é.txt'
  expect(inOneLine(text)).toBe(text)
  expect(inLines(`${text}\n${text}`)).toBe(`${text}\n${text}`)
  expect(inJson({ text })).toBe(JSON.stringify({ text }, null, 2))
})

it.each([
  ['every C0 and C1 control', [...range(0, 0x1f), ...range(0x7f, 0x9f)]],
  ['separators', [0x2028, 0x2029]],
  [
    'marks of direction',
    [0x61c, 0x200e, 0x200f, ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)],
  ],
])('%s are escaped', (_, codes) => {
  for (const code of codes) {
    const character = String.fromCharCode(code)
    const expected = `\\u${code.toString(16).padStart(4, '0')}`
    expect(inOneLine(`a${character}b`)).toBe(`a${expected}b`)
    expect(JSON.parse(inJson(character))).toBe(character)
    expect(inJson(character)).not.toContain(character)
  }
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n)
}
