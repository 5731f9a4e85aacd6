// Reads the page the way a browser does, as far as the tests need it.

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}

/**
 * The text of the first element with this id: references are resolved, and the one newline at the start that HTML
 * drops in `pre` and `textarea` is dropped. Null where there is no such element or it has elements inside.
 */
export function textOf(html: string, id: string): string | null {
  const match = html.match(new RegExp(`<(\\w+)[^>]*\\bid="${id}"[^>]*>([^<]*)</\\1>`))
  const [, tag, inner] = match ?? []
  if (inner === undefined) return null
  const text = inner.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity)
  return tag === 'pre' || tag === 'textarea' ? text.replace(/^\n/, '') : text
}
