// Names of hosts, in the form that they are compared in.

/**
 * The name in `NAME`, `NAME:PORT` or `[ADDRESS]:PORT`, as a browser writes it: in lower case, without a dot at the end, an
 * address in its usual form. Undefined if it is none.
 */
export function hostName(authority: string): string | undefined {
  // An address may name an interface, which does not matter here.
  const pattern = /^(?:\[([\da-f:.]+)(?:%[\w.%~-]+)?\]|([\w.-]+))(?::\d*)?$/i
  const [, address, name] = authority.match(pattern) ?? []
  const url = `http://${address ? `[${address}]` : name}`
  if (!(address || name) || !URL.canParse(url)) return undefined
  return new URL(url).hostname.replace(/\.$/, '') || undefined
}

/** A name, or `*.` and the name that it stands below, in the form that names are compared in; undefined if it is none. */
export function hostPattern(text: string): string | undefined {
  if (!text.startsWith('*.')) return hostName(text)
  const parent = hostName(text.slice(2))
  return parent && `*.${parent}`
}
