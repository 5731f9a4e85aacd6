// The page's form as a request, for the script in the browser and for the server.

import { toBase64 } from './base64.ts'
import { type FormFields, NO_FIELDS, TEXT_FIELDS } from './form.tsx'

/** Maximum number of lines of a field that are read; the limits for items are far lower. */
const MAX_LINES = 1000

const CR = 0x0d
const LF = 0x0a

/** The part of `FormData` that is needed here. */
export type Form = Pick<FormData, 'get' | 'getAll'>

/** A text field's value with LF as line ends, of which forms make CRLF; empty if the field was not sent. */
export function formText(form: Form, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? withoutCarriageReturns(value) : ''
}

/** A text with LF for each CRLF, replaced in bytes: half a million of them in a string take ten times as long. */
function withoutCarriageReturns(text: string): string {
  if (!text.includes('\r\n')) return text
  const bytes = new TextEncoder().encode(text)
  let length = 0
  for (let index = 0; index < bytes.length; index += 1) {
    if (bytes[index] === CR && bytes[index + 1] === LF) continue
    bytes[length] = bytes[index] as number
    length += 1
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, length))
}

/** The form's fields, without files and the key, which no page shows again. */
export function formFields(form: Form): FormFields {
  const texts = TEXT_FIELDS.map((name) => [name, formText(form, name)] as const)
  const displayLastExpression = formText(form, 'displayLastExpression') !== ''
  return { ...NO_FIELDS, ...Object.fromEntries(texts), displayLastExpression }
}

/** The form as the body of an API request, to be validated by the same schema; empty fields mean the default. */
export async function formRequest(form: Form) {
  const { code, stdin, args, outputFiles, displayLastExpression, ...fields } = formFields(form)
  const timeout = fields.timeoutSeconds.trim()
  const files = form
    .getAll('files')
    .filter((file): file is File => typeof file !== 'string' && file.name !== '')
  return {
    code,
    stdin,
    displayLastExpression,
    args: lines(args),
    outputFiles: lines(outputFiles),
    files: await Promise.all(files.map(uploaded)),
    ...(timeout !== '' && { timeoutSeconds: Number(timeout) }),
    ...(fields.environment !== '' && { environment: fields.environment }),
  }
}

/** The items of a text with one item per line. */
function lines(text: string): string[] {
  const found: string[] = []
  for (const [line] of text.matchAll(/[^\n]+/g)) {
    if (found.push(line) > MAX_LINES) break
  }
  return found
}

async function uploaded(file: File) {
  const content = toBase64(new Uint8Array(await file.arrayBuffer()))
  return { path: file.name, content, encoding: 'base64' as const }
}
