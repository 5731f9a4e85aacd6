// Reads a posted form on the server.

import type { Context } from 'hono'
import { Refusal } from '../run/refusal.ts'
import type { Form } from '../ui/form-request.ts'
import type { AppEnv } from './app-env.ts'

/** Maximum number of fields and files: reading tens of thousands would block the server for a second. */
const MAX_PARTS = 64
/** Longest header of a part, in bytes: a name and a file name. Form parsers are slow there. */
const MAX_PART_HEAD_BYTES = 4096

const AMPERSAND = 0x26
const PLUS = 0x2b
const SPACE = 0x20
const END_OF_HEAD = '\r\n\r\n'
/** The delimiter of the parts, in the characters that RFC 2046 allows. */
const BOUNDARY = /;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70}))\s*(?:;|$)/i

/**
 * The posted form, which is read once per request.
 * @throws {Refusal} `invalid_request` when it is not a form, or has more parts than the page’s.
 */
export function postedForm(c: Context<AppEnv>): Promise<Form> {
  const form = c.get('form') ?? readForm(c)
  c.set('form', form)
  return form
}

async function readForm(c: Context): Promise<Form> {
  const body = Buffer.from(await c.req.arrayBuffer())
  const type = c.req.header('Content-Type') ?? ''
  if (!/^multipart/i.test(type)) return urlEncoded(body)
  const [, quoted, boundary = quoted] = type.match(BOUNDARY) ?? []
  if (boundary === undefined) throw noForm()
  checkParts(body, `--${boundary}`)
  try {
    const headers = { 'Content-Type': `multipart/form-data; boundary="${boundary}"` }
    return await new Response(body, { headers }).formData()
  } catch (error) {
    throw noForm(error)
  }
}

/** Parses `application/x-www-form-urlencoded`; Node alone takes a second for two million plus signs. */
function urlEncoded(body: Buffer): Form {
  const plain = Buffer.alloc(body.length)
  let fields = 1
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] as number
    if (byte === AMPERSAND) fields += 1
    if (fields > MAX_PARTS) throw tooMany()
    plain[index] = byte === PLUS ? SPACE : byte
  }
  return new URLSearchParams(plain.toString())
}

/** @throws {Refusal} if there are too many parts, or the header of one is too long. */
function checkParts(body: Buffer, delimiter: string): void {
  let parts = 0
  let start = body.indexOf(delimiter)
  while (start !== -1) {
    parts += 1
    if (parts > MAX_PARTS + 1) throw tooMany()
    start += delimiter.length
    const next = body.indexOf(delimiter, start)
    const part = body.subarray(start, next === -1 ? body.length : next)
    const isLast = part.subarray(0, 2).toString('latin1') === '--' // the epilogue
    if (!isLast && !part.subarray(0, MAX_PART_HEAD_BYTES).includes(END_OF_HEAD)) {
      const problem = `a part has more than ${MAX_PART_HEAD_BYTES} bytes of headers`
      throw new Refusal('invalid_request', `body: ${problem}`)
    }
    start = next
  }
}

function tooMany(): Refusal {
  return new Refusal('invalid_request', `body: must have at most ${MAX_PARTS} fields and files`)
}

function noForm(cause?: unknown): Refusal {
  return new Refusal('invalid_request', 'body: must be a form', { cause })
}
