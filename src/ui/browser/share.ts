// A program in an address: compressed, in the fragment, which browsers do not send to the server.

import { type FormFields, TEXT_FIELDS } from '../form.tsx'

/** The start of the fragment, before the program. */
export const FRAGMENT_NAME = 'program='
/** Maximum size of an unpacked link, in bytes: four times the longest program that servers accept by default. */
const MAX_UNPACKED_BYTES = 1024 * 1024

/** The fragment of an address, without the `#`. */
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

/** The program in a fragment; undefined if there is none. @throws {Error} if it is damaged. */
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

/** The form's fields in `value`, and no others: links come from strangers. */
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
