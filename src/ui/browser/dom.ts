// The page's elements, by their ids.

/** @throws {Error} if the page has no such element, which means that page and script are of different builds. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`no ${type.name} #${id}`)
  return found
}
