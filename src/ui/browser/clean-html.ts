// HTML of a program's without what its frame forbids anyway, so that the browser does not complain of it. The frame is
// the wall, not this.

const FORBIDDEN = 'script, style, link, meta, base, iframe, frame, object, embed, form'

export function cleanHtml(html: string): string {
  const parsed = new DOMParser().parseFromString(html, 'text/html')
  for (const element of parsed.querySelectorAll(FORBIDDEN)) element.remove()
  for (const element of parsed.querySelectorAll('*')) {
    for (const { name, value } of [...element.attributes]) {
      const isElsewhere = /^(?:src|srcset|background|poster|data)$/.test(name) && !isData(value)
      if (name === 'style' || name.startsWith('on') || isElsewhere) element.removeAttribute(name)
    }
  }
  return parsed.body.innerHTML
}

function isData(address: string): boolean {
  return /^\s*data:/i.test(address)
}
