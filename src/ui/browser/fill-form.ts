// What stands in the form, written by an example, a link or the last visit.

import { type FormFields, isFilled } from '../form.tsx'
import { element } from './dom.ts'
import type { Editor } from './editor.ts'

const TEXT_AREAS = ['stdin', 'args', 'outputFiles'] as const

/** Fills the form; what is not given becomes what a fresh page has. */
export function fillForm(editor: Editor, fields: Partial<FormFields>): void {
  editor.set(fields.code ?? '')
  for (const name of TEXT_AREAS) element(name, HTMLTextAreaElement).value = fields[name] ?? ''
  element('timeoutSeconds', HTMLInputElement).value = fields.timeoutSeconds ?? ''
  element('displayLastExpression', HTMLInputElement).checked = fields.displayLastExpression ?? false
  const select = element('environment', HTMLSelectElement)
  const isThere = [...select.options].some(({ value }) => value === fields.environment)
  if (isThere) select.value = fields.environment ?? ''
  else select.selectedIndex = 0
  if (isFilled(fields)) element('inputs', HTMLDetailsElement).open = true
}
