// What stands in the form, read and written.

import type { FormFields } from '../form.tsx'
import { formText } from '../form-request.ts'
import { element } from './dom.ts'
import type { Editor } from './editor.ts'

const TEXTS = { stdin: HTMLTextAreaElement, args: HTMLTextAreaElement } as const

export function readFields(form: HTMLFormElement): FormFields {
  const posted = new FormData(form)
  const text = (name: keyof FormFields) => formText(posted, name)
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

/** Fills the form; what is not given becomes what a fresh page has. */
export function writeFields(editor: Editor, fields: Partial<FormFields>): void {
  editor.set(fields.code ?? '')
  for (const [name, type] of Object.entries(TEXTS)) {
    element(name, type).value = fields[name as keyof typeof TEXTS] ?? ''
  }
  element('outputFiles', HTMLTextAreaElement).value = fields.outputFiles ?? ''
  element('timeoutSeconds', HTMLInputElement).value = fields.timeoutSeconds ?? ''
  element('displayLastExpression', HTMLInputElement).checked = fields.displayLastExpression ?? false
  const select = element('environment', HTMLSelectElement)
  const isThere = [...select.options].some(({ value }) => value === fields.environment)
  if (isThere) select.value = fields.environment ?? ''
  else select.selectedIndex = 0
  const isUsed = fields.stdin || fields.args || fields.outputFiles || fields.timeoutSeconds
  if (isUsed) element('inputs', HTMLDetailsElement).open = true
}
