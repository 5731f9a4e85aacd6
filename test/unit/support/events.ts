// Reads server-sent events the way a client does, and is stricter: what a server of ours does not write is no event.

/** An event with its data, and its id where it has one; or a comment. */
export type Received =
  | [event: string, data: Record<string, unknown>, id?: string]
  | [comment: string]

/** The events of a whole stream. */
export function parseEvents(text: string): Received[] {
  if (!text.endsWith('\n\n')) throw new Error(`it ends within an event: ${text.slice(-100)}`)
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((block) => {
      const lines = block.split(/\r\n|\r|\n/)
      const [, id] = lines[0]?.match(/^id: (.+)$/) ?? []
      if (id) lines.shift()
      const [first = '', second = ''] = lines
      if (lines.length === 1 && first.startsWith(': ')) return [first.slice(2)]
      const [, event] = first.match(/^event: (.+)$/) ?? []
      const [, data] = second.match(/^data: (.+)$/s) ?? []
      if (!event || !data || lines.length !== 2) throw new Error(`no event: ${block}`)
      return id ? [event, JSON.parse(data), id] : [event, JSON.parse(data)]
    })
}

/** Reads a stream of events piece by piece. */
export function eventReader(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader()
  return {
    /** The next event; nothing at the end. */
    next: async (): Promise<Received | undefined> => {
      const { done, value } = await reader.read()
      if (done) return undefined
      const [event] = parseEvents(new TextDecoder('utf-8', { ignoreBOM: true }).decode(value))
      return event
    },
    /** All events to the end. */
    rest: async (): Promise<Received[]> => {
      const events: Received[] = []
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return events
        events.push(...parseEvents(new TextDecoder('utf-8', { ignoreBOM: true }).decode(value)))
      }
    },
    cancel: () => reader.cancel(),
  }
}
