// The page's form as a request: the same for the script in the browser and for the server where there is none.

import { toBase64 } from './base64.ts'
import type { FormFields } from './form.tsx'

/** A text field's value, with the line ends that the writer saw: forms send CRLF. Empty where it was not sent. */
export function formText(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : ''
}

/** What is filled in, as text; files and the key are not: no page has them. */
export function formFields(form: FormData): FormFields {
  const text = (name: keyof FormFields) => formText(form, name)
  return {
    code: text('code'),
    stdin: text('stdin'),
    args: text('args'),
    timeoutSeconds: text('timeoutSeconds'),
    environment: text('environment'),
    outputFiles: text('outputFiles'),
    displayLastExpression: text('displayLastExpression') !== '',
  }
}

/** What the form asks for, to be judged by the same schema as the API's body. An empty field asks for the default. */
export async function formRequest(form: FormData) {
  const { code, stdin, args, outputFiles, displayLastExpression, ...fields } = formFields(form)
  const timeout = fields.timeoutSeconds.trim()
  const files = form
    .getAll('files')
    .filter((file): file is File => typeof file !== 'string' && file.name !== '')
  return {
    ...{ code, stdin, displayLastExpression },
    args: lines(args),
    outputFiles: lines(outputFiles),
    files: await Promise.all(files.map(uploaded)),
    ...(timeout !== '' && { timeoutSeconds: Number(timeout) }),
    ...(fields.environment !== '' && { environment: fields.environment }),
  }
}

/** A text of one item a line, as items. */
function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

async function uploaded(file: File) {
  const content = toBase64(new Uint8Array(await file.arrayBuffer()))
  return { path: file.name, content, encoding: 'base64' as const }
}
