// Request bodies that come in pieces, without a declared length.

/** A body of these pieces; `pulled` counts those that were taken. */
export function streamed(pieces: Iterable<string | Uint8Array>) {
  const encoder = new TextEncoder()
  const iterator = pieces[Symbol.iterator]()
  const seen = { pulled: 0 }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = iterator.next()
        if (done) return controller.close()
        seen.pulled += 1
        controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
      },
    },
    { highWaterMark: 0 },
  )
  // The types of the DOM do not know `duplex`, which a body in pieces needs.
  return { seen, init: { body, duplex: 'half' } as RequestInit }
}
