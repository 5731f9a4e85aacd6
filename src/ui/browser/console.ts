// The output while the program runs: both streams in order, with links from tracebacks to lines of the program.

import { MAX_NAMED, textParts } from '../visible-text.ts'

type StreamName = 'stdout' | 'stderr'

/** Size after which a new block begins, because the browser lays out the whole block with each addition. */
const BLOCK_CHARS = 16_384
/** Longest unfinished line that is drawn again when more of it arrives, in characters. */
const MAX_BEGUN_CHARS = 1000
/** A line of the program in a traceback. Other files named `main.py` have their folder before the name. */
const LINE = /File "main\.py", line ([1-9]\d{0,6})(?!\d)/g
/** Maximum number of links to lines. */
const MAX_LINKS = 200

/** Consecutive output of one stream. */
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
  /** An unfinished line of stderr, which may still become a link. */
  #begun: Text | undefined
  #named = 0
  #links = 0
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
    this.#links = 0
    this.#frame = 0
  }

  /** The whole standard output. */
  get stdout(): string {
    return this.#stdout.join('')
  }

  /** Adds output, which is drawn once per frame. */
  write(stream: StreamName, text: string): void {
    if (stream === 'stdout') this.#stdout.push(text)
    const last = this.#waiting.at(-1)
    if (last?.stream === stream) last.text += text
    else this.#waiting.push({ stream, text })
    this.#frame ||= requestAnimationFrame(() => this.flush())
  }

  /** Draws all added output. */
  flush(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const { scrollHeight, scrollTop, clientHeight } = this.#element
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 40
    for (const { stream, text } of this.#waiting) this.#append(stream, text)
    this.#waiting = []
    if (isAtEnd) this.#element.scrollTop = this.#element.scrollHeight
  }

  /** Shows a sentence of the page in place of output. */
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
    // A new block begins on a new line, so a full one of the same stream goes on to the end of its line.
    const isFull = before !== undefined && before.chars > BLOCK_CHARS && endsLine(before.element)
    const block = before?.stream === stream && !isFull ? before : this.#begin(stream)
    block.chars += text.length
    if (stream === 'stdout') this.#draw(block.element, text)
    else this.#appendLines(block.element, text)
  }

  /** Draws standard error with links; an unfinished line is drawn again when more of it arrives. */
  #appendLines(parent: HTMLElement, text: string): void {
    const whole = (this.#begun?.data ?? '') + text
    this.#begun?.remove()
    this.#begun = undefined
    const end = whole.lastIndexOf('\n') + 1
    const rest = whole.slice(end)
    const isPlain = rest.length < MAX_BEGUN_CHARS && textParts(rest).every(({ name }) => !name)
    this.#drawWithLinks(parent, isPlain ? whole.slice(0, end) : whole)
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

  #drawWithLinks(parent: HTMLElement, text: string): void {
    let from = 0
    for (const match of text.matchAll(LINE)) {
      if (this.#links >= MAX_LINKS) break
      this.#links += 1
      this.#draw(parent, text.slice(from, match.index))
      const link = document.createElement('a')
      link.href = '#code-editor'
      link.textContent = match[0]
      link.addEventListener('click', (event) => {
        event.preventDefault()
        this.#goTo(Number(match[1]))
      })
      parent.append(link)
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
