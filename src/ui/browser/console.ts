// The output as it comes: both streams in their order, each line of a traceback with a way to its line.

import { MAX_NAMED, textParts } from '../visible-text.ts'

type StreamName = 'stdout' | 'stderr'

/** A block of one stream gets no more than this before a new one begins: what is appended to is laid out again. */
const BLOCK_CHARS = 16_384
/** A longer one is not kept to be drawn again, in characters. */
const MAX_BEGUN_CHARS = 1000
/** A traceback’s line about the program itself: another file of that name has its folder before it. */
const LINE = /File "main\.py", line ([1-9]\d{0,6})(?!\d)/g
/** How many lines of tracebacks lead to their lines. */
const MAX_WAYS = 200

/** A run of output of one stream. */
interface Block {
  stream: StreamName
  element: HTMLElement
  chars: number
}

export class Console {
  readonly #element: HTMLElement
  readonly #goTo: (line: number) => void
  #block: Block | undefined
  #waiting: { stream: StreamName; text: string }[] = []
  /** The start of a line of stderr that has not ended: it may become one with a way to a line. */
  #begun: Text | undefined
  #named = 0
  #ways = 0
  #frame = 0
  #stdout: string[] = []

  constructor(element: HTMLElement, goTo: (line: number) => void) {
    this.#element = element
    this.#goTo = goTo
  }

  clear(): void {
    cancelAnimationFrame(this.#frame)
    this.#element.replaceChildren()
    this.#block = undefined
    this.#begun = undefined
    this.#waiting = []
    this.#stdout = []
    this.#named = 0
    this.#ways = 0
    this.#frame = 0
  }

  /** All that went to standard output. */
  get stdout(): string {
    return this.#stdout.join('')
  }

  /** Adds output; it is drawn once a frame, however often it comes. */
  write(stream: StreamName, text: string): void {
    if (stream === 'stdout') this.#stdout.push(text)
    const last = this.#waiting.at(-1)
    if (last?.stream === stream) last.text += text
    else this.#waiting.push({ stream, text })
    this.#frame ||= requestAnimationFrame(() => this.flush())
  }

  /** Draws what waits. */
  flush(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const { scrollHeight, scrollTop, clientHeight } = this.#element
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 40
    for (const { stream, text } of this.#waiting) this.#append(stream, text)
    this.#waiting = []
    if (isAtEnd) this.#element.scrollTop = this.#element.scrollHeight
  }

  /** A sentence of the page's own where there is no output. */
  note(text: string): void {
    const note = document.createElement('p')
    note.className = 'empty'
    note.textContent = text
    this.#element.append(note)
  }

  get isEmpty(): boolean {
    return this.#block === undefined && this.#waiting.length === 0
  }

  #append(stream: StreamName, text: string): void {
    const before = this.#block
    // A new block begins a new line: only where one has ended may another of the same stream follow.
    const isFull = before !== undefined && before.chars > BLOCK_CHARS && endsLine(before.element)
    const block = before?.stream === stream && !isFull ? before : this.#begin(stream)
    block.chars += text.length
    if (stream === 'stdout') this.#draw(block.element, text)
    else this.#appendLines(block.element, text)
  }

  /** Standard error, with the ways to lines: a line that has only begun is drawn again when more of it comes. */
  #appendLines(parent: HTMLElement, text: string): void {
    const whole = (this.#begun?.data ?? '') + text
    this.#begun?.remove()
    this.#begun = undefined
    const end = whole.lastIndexOf('\n') + 1
    const rest = whole.slice(end)
    const isPlain = rest.length < MAX_BEGUN_CHARS && textParts(rest).every(({ name }) => !name)
    this.#drawWithWays(parent, isPlain ? whole.slice(0, end) : whole)
    if (!isPlain || rest === '') return
    this.#begun = document.createTextNode(rest)
    parent.append(this.#begun)
  }

  #begin(stream: StreamName): Block {
    const element = document.createElement('pre')
    element.className = stream
    if (stream === 'stderr') {
      element.setAttribute('role', 'group')
      element.setAttribute('aria-label', 'Standard error')
    }
    this.#element.append(element)
    this.#begun = undefined
    this.#block = { stream, element, chars: 0 }
    return this.#block
  }

  #drawWithWays(parent: HTMLElement, text: string): void {
    let from = 0
    for (const match of text.matchAll(LINE)) {
      if (this.#ways >= MAX_WAYS) break
      this.#ways += 1
      this.#draw(parent, text.slice(from, match.index))
      const way = document.createElement('a')
      way.href = '#code-editor'
      way.textContent = match[0]
      way.addEventListener('click', (event) => {
        event.preventDefault()
        this.#goTo(Number(match[1]))
      })
      parent.append(way)
      from = match.index + match[0].length
    }
    this.#draw(parent, text.slice(from))
  }

  #draw(parent: HTMLElement, text: string): void {
    for (const part of textParts(text, MAX_NAMED - this.#named)) {
      if (!part.name) {
        parent.append(part.text)
        continue
      }
      this.#named += 1
      const named = document.createElement('bdi')
      named.className = 'named'
      named.dataset.name = part.name
      named.textContent = part.text
      parent.append(named)
    }
  }
}

function endsLine(element: HTMLElement): boolean {
  return element.lastChild?.textContent?.endsWith('\n') ?? true
}
