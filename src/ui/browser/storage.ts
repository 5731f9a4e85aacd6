// Saves the last program, in this browser only.

import type { FormFields } from '../form.tsx'
import { known } from './share.ts'

const KEY = 'safe-code-executor.program'

/** Saves the program; does nothing if the browser forbids it or has no room. */
export function keep(fields: FormFields): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(fields))
  } catch {}
}

export function kept(): Partial<FormFields> | undefined {
  try {
    const text = localStorage.getItem(KEY)
    return text === null ? undefined : known(JSON.parse(text))
  } catch {
    return undefined
  }
}
