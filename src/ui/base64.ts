// Base64, in the browser and on the server.

/** Number of bytes per call, which takes a limited number of arguments. */
const BASE64_CHUNK_BYTES = 8190

export function toBase64(bytes: Uint8Array): string {
  if (typeof Buffer !== 'undefined') {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  }
  let text = ''
  for (let from = 0; from < bytes.length; from += BASE64_CHUNK_BYTES) {
    // The size is a multiple of three bytes, so the parts need no padding.
    text += btoa(String.fromCharCode(...bytes.subarray(from, from + BASE64_CHUNK_BYTES)))
  }
  return text
}

/** Base64 of the UTF-8 of a text. */
export function textToBase64(text: string): string {
  if (typeof Buffer !== 'undefined') return Buffer.from(text).toString('base64')
  return toBase64(new TextEncoder().encode(text))
}
