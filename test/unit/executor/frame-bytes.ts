// Frames as bytes, written here once more and by hand, so that a test does not ask the code what is right.

export const TOKEN = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

/** kind (1 byte), payload length (4 bytes, big endian), token (16 bytes), payload. */
export function frameBytes(kind: string, payload: string | Uint8Array, token = TOKEN): Buffer {
  const body = Buffer.from(payload as Uint8Array)
  const length = Buffer.from(body.length.toString(16).padStart(8, '0'), 'hex')
  return Buffer.concat([Buffer.from(kind, 'latin1'), length, token, body])
}

/** Takes whole frames apart, the way the runner does. */
export function takeApart(bytes: Buffer) {
  const frames: { kind: string; token: string; payload: string; bytes: Buffer }[] = []
  let rest = bytes
  while (rest.length > 0) {
    const size = Number.parseInt(rest.toString('hex', 1, 5), 16)
    frames.push({
      kind: rest.toString('latin1', 0, 1),
      token: rest.toString('hex', 5, 21),
      payload: rest.toString('utf8', 21, 21 + size),
      bytes: rest.subarray(21, 21 + size),
    })
    rest = rest.subarray(21 + size)
  }
  return frames
}
