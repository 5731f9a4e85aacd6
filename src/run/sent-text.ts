// How long a text is as it is sent: in JSON, in UTF-8.

const utf8 = new TextEncoder()
/** A control character is the longest: `\u0001`. */
const MAX_BYTES_OF_A_UNIT = 6

/** Bytes of a text within a string of JSON. */
export function sentBytes(text: string): number {
  return utf8.encode(JSON.stringify(text)).length - 2
}

/** The beginning of a text that takes `maxBytes` when sent, with `…` if it was cut. */
export function cutToSent(text: string, maxBytes: number): string {
  if (text.length * MAX_BYTES_OF_A_UNIT <= maxBytes) return text
  let cut = text.slice(0, maxBytes)
  let bytes = sentBytes(cut)
  while (bytes > maxBytes) {
    cut = cut.slice(0, Math.floor((cut.length * maxBytes) / bytes))
    bytes = sentBytes(cut)
  }
  return cut === text ? text : `${cut}…`
}
