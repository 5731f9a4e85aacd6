// Frames as a container's runner writes them, and some as it never would.

/** The token of what is no answer to a job. */
export const noToken = Buffer.alloc(16)

function bytesOf(kind, size, token, payload) {
  const header = Buffer.alloc(5)
  header.write(kind)
  header.writeUInt32BE(size, 1)
  return Buffer.concat([header, token, Buffer.from(payload)])
}

export function frame(kind, token, payload = '') {
  process.stdout.write(bytesOf(kind, Buffer.byteLength(payload), token, payload))
}

/** A frame that promises `size` bytes, of which fewer come before the end. */
export function beginFrame(kind, size, token, part, exitCode) {
  process.stdout.write(bytesOf(kind, size, token, part), () => process.exit(exitCode))
}

/** Frames that the host reads in one piece. */
export function framesAtOnce(token, frames) {
  const bytes = frames.map(([kind, payload]) =>
    bytesOf(kind, Buffer.byteLength(payload), token, payload),
  )
  process.stdout.write(Buffer.concat(bytes))
}

/** An exit report; what is not given is as after a program that succeeded. */
export function exit(facts) {
  return JSON.stringify({
    ...{ cause: 'exit', exitCode: 0, signal: null, truncated: false },
    ...{ durationMs: 1, cpuMs: 1, peakMemoryBytes: 1, oomKills: 0, oomKillsAtEnd: 0 },
    collects: false,
    ...facts,
  })
}

export const keepAlive = () => setInterval(() => {}, 1000)
