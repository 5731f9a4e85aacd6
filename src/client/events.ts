// Server-sent events, as a client reads them.

const EVENT = /^(?:id: ([^\n]*)\n)?event: ([^\n]*)\ndata: ([^\n]*)$/

/** One event, with its id if it has one. */
export interface ServerSentEvent {
  id: string | undefined
  name: string
  data: string
}

/** Server-sent events, as far as this server sends them: a name and one line of data; comments are passed over. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  /** Parts of the current event, joined once: joining a large event part by part would take quadratic time. */
  let parts: string[] = []
  let heldBack = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      let text = heldBack + decoder.decode(value, { stream: true })
      // Its other half may be in the next piece.
      heldBack = text.endsWith('\n') && !text.endsWith('\n\n') ? '\n' : ''
      if (heldBack) text = text.slice(0, -1)
      const [first = '', ...others] = text.split('\n\n')
      parts.push(first)
      for (const next of others) {
        const [, id, name, data] = parts.join('').match(EVENT) ?? []
        if (name && data) yield { id, name, data }
        parts = [next]
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
