// A program in an address: compressed, behind the `#`, which a browser sends to nobody.

import { type FormFields, TEXT_FIELDS } from '../form.tsx'

/** What stands before the program, behind the `#`. */
export const FRAGMENT_NAME = 'program='
/** Longest text that a link may unpack to, in bytes: four times the longest program that servers take by default. */
const MAX_UNPACKED_BYTES = 1024 * 1024

/** The part of an address behind the `#`. */
export async function toFragment(fields: FormFields): Promise<string> {
  const filled = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== '' && value),
  )
  const packed = new Blob([JSON.stringify(filled)])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer())
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return FRAGMENT_NAME + btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The program in an address; undefined where there is none. @throws {Error} when it is no program of ours. */
export async function fromFragment(fragment: string): Promise<Partial<FormFields> | undefined> {
  const text = fragment.replace(/^#/, '')
  if (!text.startsWith(FRAGMENT_NAME)) return undefined
  const packed = atob(text.slice(FRAGMENT_NAME.length).replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return known(JSON.parse(await readBounded(stream)))
}

async function readBounded(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  let text = ''
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > MAX_UNPACKED_BYTES) {
      await reader.cancel()
      throw new Error('too long')
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** The fields of that kind and no other: whoever made the link is a stranger. */
export function known(value: unknown): Partial<FormFields> {
  if (typeof value !== 'object' || value === null) throw new Error('not a program')
  const given = value as Record<string, unknown>
  const fields: Partial<FormFields> = {}
  for (const name of TEXT_FIELDS) {
    const text = given[name]
    if (typeof text === 'string') fields[name] = text
  }
  if (given.displayLastExpression === true) fields.displayLastExpression = true
  if (fields.code === undefined) throw new Error('not a program')
  return fields
}
