// The last program, kept in this browser alone.

import type { FormFields } from '../form.tsx'
import { known } from './share.ts'

const KEY = 'safe-code-executor.program'

/** Browsers may forbid it, or have no room: then nothing is kept, and nothing else is lost. */
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
