// The page's elements, by their ids.

/** @throws {Error} when the page has no such element: it and this script are of one build. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`no ${type.name} #${id}`)
  return found
}
