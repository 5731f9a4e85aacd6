// Input files: chosen, or dropped anywhere on the form.

import { fileSize } from '../ends.ts'
import { element } from './dom.ts'

export function takeFiles(form: HTMLFormElement): void {
  const input = element('files', HTMLInputElement)
  const list = element('file-list', HTMLUListElement)
  const set = (files: File[]) => {
    const transfer = new DataTransfer()
    // Of two files with the same name the later one counts, as in a folder.
    for (const file of new Map(files.map((file) => [file.name, file])).values()) {
      transfer.items.add(file)
    }
    input.files = transfer.files
    show()
  }
  const show = () => {
    const files = [...(input.files ?? [])]
    list.replaceChildren(
      ...files.map((file) => {
        const item = document.createElement('li')
        const remove = document.createElement('button')
        remove.type = 'button'
        remove.textContent = 'Remove'
        remove.setAttribute('aria-label', `Remove ${file.name}`)
        remove.addEventListener('click', () => {
          set(files.filter((other) => other !== file))
          input.focus()
        })
        item.append(`${file.name}, ${fileSize(file.size)} `, remove)
        return item
      }),
    )
  }
  input.addEventListener('change', show)
  const isFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
  form.addEventListener('dragover', (event) => {
    if (!isFiles(event)) return
    event.preventDefault()
    form.classList.add('dropping')
  })
  form.addEventListener('dragleave', (event) => {
    if (!form.contains(event.relatedTarget as Node | null)) form.classList.remove('dropping')
  })
  // In the capture phase, before the editor takes the files for text.
  form.addEventListener(
    'drop',
    (event) => {
      form.classList.remove('dropping')
      if (!isFiles(event)) return
      event.preventDefault()
      event.stopPropagation()
      set([...(input.files ?? []), ...(event.dataTransfer?.files ?? [])])
      element('inputs', HTMLDetailsElement).open = true
    },
    { capture: true },
  )
  show()
}
