// The menu of examples, whose links fill the form; without a script they lead to pages.

import type { FormFields } from '../form.tsx'
import { element } from './dom.ts'

export function offerExamples(onPick: (fields: FormFields, title: string) => void): void {
  const menu = element('examples', HTMLDetailsElement)
  for (const link of menu.querySelectorAll<HTMLAnchorElement>('a[data-example]')) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      menu.open = false
      onPick(JSON.parse(link.dataset.example ?? '{}'), link.textContent ?? '')
    })
  }
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return
    menu.open = false
    menu.querySelector('summary')?.focus()
  })
  menu.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget && !menu.contains(relatedTarget as Node)) menu.open = false
  })
  document.addEventListener('click', (event) => {
    if (!menu.contains(event.target as Node)) menu.open = false
  })
}
