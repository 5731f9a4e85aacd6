// The page's form as a request: the same for the script in the browser and for the server where there is none.

import { toBase64 } from './base64.ts'

/** A text field's value, with the line ends that the writer saw: forms send CRLF. Empty where it was not sent. */
export function formText(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : ''
}

/** What the form asks for, to be judged by the same schema as the API's body. An empty field asks for the default. */
export async function formRequest(form: FormData) {
  const timeout = formText(form, 'timeoutSeconds').trim()
  const environment = formText(form, 'environment')
  const files = form
    .getAll('files')
    .filter((file): file is File => typeof file !== 'string' && file.name !== '')
  return {
    code: formText(form, 'code'),
    stdin: formText(form, 'stdin'),
    args: lines(formText(form, 'args')),
    outputFiles: lines(formText(form, 'outputFiles')),
    files: await Promise.all(files.map(uploaded)),
    ...(timeout !== '' && { timeoutSeconds: Number(timeout) }),
    ...(environment !== '' && { environment }),
    displayLastExpression: formText(form, 'displayLastExpression') !== '',
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
