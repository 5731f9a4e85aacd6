// A run from the page: its output, the time it takes, its end, and how to stop it.

import { render } from 'hono/jsx/dom'
import { type Client, RefusedError } from '../../client/client.ts'
import type { Outcome } from '../../run/outcome.ts'
import { duration, fileSize, refusalText } from '../ends.ts'
import { formRequest } from '../form-request.ts'
import { Displays, End, type Ended, Files, PRINTED_NOTHING } from '../result.tsx'
import type { Console } from './console.ts'
import { element } from './dom.ts'

/** Maximum of text in all displays together, in characters: as much as a browser draws without a pause. */
const MAX_SHOWN_CHARS = 1024 * 1024
/** Interval at which the time is drawn, in milliseconds. */
const TICK_MS = 100

export interface RunnerOptions {
  form: HTMLFormElement
  console: Console
  /** Makes a client with the key in the form. */
  client: () => Client
  nonce: string
}

export class Runner {
  readonly #options: RunnerOptions
  readonly #run = element('run', HTMLButtonElement)
  readonly #stop = element('stop', HTMLButtonElement)
  readonly #progress = element('progress', HTMLDivElement)
  readonly #elapsed = element('elapsed', HTMLProgressElement)
  readonly #elapsedText = element('elapsed-text', HTMLSpanElement)
  #current: AbortController | undefined
  /** The outcome of the last run; undefined during a run. */
  outcome: Outcome | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#stop.addEventListener('click', () => this.stop())
    this.#stop.hidden = false
    this.#progress.hidden = false
  }

  /** Stops the run, on the server too, which ends a run when its client leaves. */
  stop(): void {
    this.#current?.abort()
  }

  /** Runs the program in the form; does nothing during a run. */
  async start(): Promise<void> {
    if (this.#current) return
    const current = new AbortController()
    this.#current = current
    const tick = this.#begin()
    const ended = await this.#follow(current.signal).catch((error: unknown) => ({
      refusal: describe(error, current.signal.aborted, tick.elapsedMs()),
    }))
    clearInterval(tick.timer)
    tick.draw()
    this.#current = undefined
    try {
      this.#show(ended)
    } finally {
      this.#isRunning(false)
    }
  }

  async #follow(signal: AbortSignal): Promise<Ended> {
    const { form, client, console } = this.#options
    const memoryBytes = this.#memoryBytes()
    const refusal = filesRefusal(element('files', HTMLInputElement))
    if (refusal) return { refusal }
    const request = await formRequest(new FormData(form))
    for await (const event of client().stream(request, { signal })) {
      if (event.type === 'result') return { outcome: event.outcome, memoryBytes }
      if (event.type === 'restart') console.clear()
      else console.write(event.type, event.text)
    }
    throw new Error('the connection closed before the result arrived')
  }

  #begin() {
    this.outcome = undefined
    this.#options.console.clear()
    for (const id of ['end', 'displays', 'files-out'])
      document.getElementById(id)?.replaceChildren()
    this.#isRunning(true)
    bringIntoView(element('result', HTMLElement))
    const limit = element('timeoutSeconds', HTMLInputElement)
    const limitMs = Number(limit.value || chosenEnvironment()?.dataset.defaultSeconds) * 1000
    const start = performance.now()
    const elapsedMs = () => performance.now() - start
    const draw = () => {
      const ms = elapsedMs()
      this.#elapsed.max = limitMs
      this.#elapsed.value = Math.min(ms, limitMs)
      this.#elapsedText.textContent = `${(ms / 1000).toFixed(1)} s of ${limitMs / 1000} s`
    }
    draw()
    return { draw, elapsedMs, timer: setInterval(draw, TICK_MS) }
  }

  #isRunning(isRunning: boolean): void {
    const hadFocus = document.activeElement === this.#stop
    this.#run.setAttribute('aria-disabled', String(isRunning))
    this.#stop.disabled = !isRunning
    this.#progress.classList.toggle('running', isRunning)
    if (hadFocus && !isRunning) this.#run.focus()
  }

  #show(ended: Ended): void {
    const { console, nonce } = this.#options
    console.flush()
    render(<End ended={ended} />, this.#fresh('end'))
    if (!('outcome' in ended)) return
    const { outcome } = ended
    this.outcome = outcome
    if (console.isEmpty) console.note(PRINTED_NOTHING)
    render(
      <Displays outcome={outcome} nonce={nonce} maxShownChars={MAX_SHOWN_CHARS} />,
      this.#fresh('displays'),
    )
    render(<Files outcome={outcome} />, this.#fresh('files-out'))
  }

  /** An empty element for one rendering, so that it does not change the nodes of another. */
  #fresh(id: string): HTMLElement {
    const box = document.createElement('div')
    document.getElementById(id)?.replaceChildren(box)
    return box
  }

  #memoryBytes(): number {
    return Number(chosenEnvironment()?.dataset.memoryBytes)
  }
}

function chosenEnvironment(): HTMLOptionElement | undefined {
  return element('environment', HTMLSelectElement).selectedOptions[0]
}

/** Why there is no outcome, in words. */
function describe(error: unknown, isStopped: boolean, elapsedMs: number) {
  if (isStopped) {
    return {
      heading: `Stopped after ${duration(elapsedMs)}.`,
      detail: 'The program was stopped.',
    }
  }
  if (error instanceof RefusedError) {
    return refusalText(error.code, error.message, error.retryAfterSeconds)
  }
  const detail = error instanceof Error ? error.message : String(error)
  return { heading: 'No answer from the server.', detail }
}

/** The refusal of files that are too large. The server refuses them as well, but reading them first would block the page. */
function filesRefusal(input: HTMLInputElement) {
  const maxBytes = Number(input.dataset.maxBytes)
  const bytes = [...(input.files ?? [])].reduce((sum, { size }) => sum + size, 0)
  // Base64 makes four characters of three bytes.
  if ((bytes * 4) / 3 <= maxBytes) return undefined
  const most = fileSize(Math.floor((maxBytes * 3) / 4))
  const detail = `The input files have ${fileSize(bytes)} together; the limit is ${most}.`
  return refusalText('too_large', detail)
}

/** Scrolls to the result, which is below the form on a narrow screen. */
function bringIntoView(result: HTMLElement): void {
  if (result.getBoundingClientRect().top < innerHeight * 0.75) return
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
  result.scrollIntoView({ block: 'start', behavior: isCalm ? 'instant' : 'smooth' })
}
