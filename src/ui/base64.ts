// Base64, in a browser and on the server.

/** How many bytes become characters at once: a call takes only so many arguments. */
const BASE64_CHUNK_BYTES = 8190

export function toBase64(bytes: Uint8Array): string {
  if (typeof Buffer !== 'undefined') {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  let text = ''
  for (let from = 0; from < bytes.length; from += BASE64_CHUNK_BYTES) {
    // A multiple of three bytes: the parts need no padding.
    text += btoa(String.fromCharCode(...bytes.subarray(from, from + BASE64_CHUNK_BYTES)))
  }
  return text
}

/** Base64 of the UTF-8 of a text. */
export function textToBase64(text: string): string {
  if (typeof Buffer !== 'undefined') return Buffer.from(text).toString('base64')
  return toBase64(new TextEncoder().encode(text))
}
