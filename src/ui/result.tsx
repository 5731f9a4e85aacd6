// The result: written by the server if there is no script, else the elements that the script fills.

import { raw } from 'hono/html'
import { DISPLAY_EXTENSIONS } from '../run/display-types.ts'
import type { Display, Outcome, OutputFile } from '../run/outcome.ts'
import { textToBase64 } from './base64.ts'
import { facts, fileSize, OMISSION_WORDS, STATUS_WORDS } from './ends.ts'
import { verbatim } from './form.tsx'
import { frameDocument } from './frame-document.ts'
import { plainName, textParts } from './visible-text.ts'

/** Shown in place of empty output. */
export const PRINTED_NOTHING = 'The program printed nothing.'
/** Maximum of a text that the server shows, in characters: escaping it blocks the server. */
const MAX_SHOWN_CHARS = 64 * 1024
/** Up to this many rows, a table gets a small frame. */
const SMALL_TABLE_ROWS = 6

/** The end of a run: its outcome, or why there is none. */
export type Ended =
  | { outcome: Outcome; memoryBytes: number }
  | { refusal: { heading: string; detail: string } }

export function Result({ ended, nonce }: { ended: Ended | undefined; nonce: string }) {
  const outcome = ended && 'outcome' in ended ? ended.outcome : undefined
  return (
    <section class="result" id="result" aria-label="Result" tabindex={-1}>
      <div class="progress" id="progress" hidden>
        <progress id="elapsed" aria-label="Time used" max={1} value={0}></progress>
        <span id="elapsed-text"></span>
      </div>
      <div class="end" id="end" role="status">
        {ended && <End ended={ended} />}
      </div>
      <div class="output-head">
        <h2 id="output-label">Output</h2>
        <button type="button" id="copy" hidden>
          Copy
        </button>
      </div>
      <section class="console" id="console" aria-labelledby="output-label" tabindex={0}>
        {outcome && <Texts outcome={outcome} />}
        {!ended && <p class="empty">The output of the program appears here.</p>}
      </section>
      <div id="displays" class="displays">
        {outcome && <Displays outcome={outcome} nonce={nonce} />}
      </div>
      <div id="files-out">{outcome && <Files outcome={outcome} />}</div>
    </section>
  )
}

/** The end of a run in words and numbers. */
export function End({ ended }: { ended: Ended }) {
  if ('refusal' in ended) {
    const { heading, detail } = ended.refusal
    return (
      <div class="status refused" role="alert">
        <strong>
          <span aria-hidden="true">!</span> {heading}
        </strong>
        {detail && <span id="error">{detail}</span>}
      </div>
    )
  }
  const { outcome, memoryBytes } = ended
  const { status, error, hint } = outcome
  const { sign, words } = STATUS_WORDS[status]
  // For other statuses `error` is a full description.
  const isSaid = status !== 'ok' && status !== 'error'
  return (
    <div class={`status ${status}`}>
      <strong>
        <span aria-hidden="true">{sign}</span> {isSaid ? <Visible text={error} /> : words}{' '}
        <code>{status}</code>
      </strong>
      {error !== '' && !isSaid && (
        <span id="error">
          <Visible text={error} />
        </span>
      )}
      {hint !== '' && <span id="hint">{hint}</span>}
      <dl class="facts">
        {facts(outcome, memoryBytes).map(({ name, value }) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function Texts({ outcome: { output, stderr } }: { outcome: Outcome }) {
  return (
    <>
      {output === '' && stderr === '' && <p class="empty">{PRINTED_NOTHING}</p>}
      <Text id="output" stream="stdout" text={output} file="output.txt" />
      {stderr !== '' && (
        <section aria-label="Standard error">
          <Text id="stderr" stream="stderr" text={stderr} file="errors.txt" />
        </section>
      )}
    </>
  )
}

/** The output of one stream; `file` is the name of the download if it is too long to show. */
function Text({ id, stream, text, file }: Record<'id' | 'stream' | 'text' | 'file', string>) {
  return (
    <>
      <pre id={id} class={stream}>
        {verbatim('')}
        <Visible text={text.slice(0, MAX_SHOWN_CHARS)} />
      </pre>
      {text.length > MAX_SHOWN_CHARS && (
        <p class="hint">
          Only the first {MAX_SHOWN_CHARS.toLocaleString('en')} of{' '}
          {text.length.toLocaleString('en')} characters are shown.{' '}
          <a href={downloadAddress(textToBase64(text))} download={file}>
            Download all of it
          </a>
        </p>
      )}
    </>
  )
}

/** A program's text, made safe to display. */
export function Visible({ text }: { text: string }) {
  return (
    <>
      {textParts(text).map(({ text, name }) =>
        name ? (
          <bdi class="named" data-name={name}>
            {text}
          </bdi>
        ) : (
          text
        ),
      )}
    </>
  )
}

interface DisplaysProps {
  outcome: Pick<Outcome, 'displays' | 'displaysOmittedCount'>
  nonce: string
  /** Maximum of text in all displays together, in characters; the others are offered as downloads. */
  maxShownChars?: number
}

/** Figures, tables and other displays. */
export function Displays({ outcome, nonce, maxShownChars = MAX_SHOWN_CHARS }: DisplaysProps) {
  const { displays, displaysOmittedCount } = outcome
  let charsLeft = maxShownChars
  return (
    <>
      {displays.map((display, index) => {
        const title = `Display ${index + 1}`
        const chars = display.mime.startsWith('image/') ? 0 : display.data.length
        if (chars <= charsLeft) {
          charsLeft -= chars
          return <DisplayView display={display} title={title} nonce={nonce} />
        }
        return (
          <p class="hint">
            {title} is too long to show.{' '}
            <a
              href={downloadAddress(textToBase64(display.data))}
              download={`display-${index + 1}.${DISPLAY_EXTENSIONS[display.mime]}`}
            >
              Download it
            </a>
          </p>
        )
      })}
      {displaysOmittedCount > 0 && (
        <p class="hint">
          Displays left out because of their number or size: {displaysOmittedCount}
        </p>
      )}
    </>
  )
}

interface DisplayViewProps {
  display: Display
  title: string
  nonce: string
}

function DisplayView({ display: { mime, data }, title, nonce }: DisplayViewProps) {
  if (mime.startsWith('image/')) {
    const base64 = mime === 'image/svg+xml' ? textToBase64(data) : data
    return <img src={dataAddress(mime, base64)} alt={title} />
  }
  if (mime === 'text/html') {
    const rows = data.match(/<tr\b/gi)?.length ?? 0
    const size = rows <= SMALL_TABLE_ROWS ? 'small' : ''
    return <iframe class={size} sandbox="" title={title} srcdoc={frameDocument(data, nonce)} />
  }
  return (
    <div class="text">
      <Visible text={data} />
    </div>
  )
}

/** The returned files, and those that were left out. */
export function Files({ outcome }: { outcome: Outcome }) {
  const { files, filesOmitted, filesOmittedCount } = outcome
  if (files.length === 0 && filesOmittedCount === 0) return null
  return (
    <>
      <h2>Files</h2>
      <ul class="files">
        {files.map((file) => (
          <li>
            <a href={fileAddress(file)} download={plainName(file.path.split('/').at(-1) ?? '')}>
              <bdi>
                <Visible text={file.path} />
              </bdi>
            </a>{' '}
            {fileSize(file.size)}
          </li>
        ))}
        {filesOmitted.map(({ path, reason }) => (
          <li class="omitted">
            <bdi>
              <Visible text={path} />
            </bdi>{' '}
            was left out: {OMISSION_WORDS[reason]}
          </li>
        ))}
        {filesOmittedCount > filesOmitted.length && (
          <li class="omitted">and {filesOmittedCount - filesOmitted.length} more were left out</li>
        )}
      </ul>
    </>
  )
}

function fileAddress({ content, encoding }: OutputFile) {
  return downloadAddress(encoding === 'base64' ? content : textToBase64(content))
}

/** An address that downloads bytes. */
function downloadAddress(base64: string) {
  return dataAddress('application/octet-stream', base64)
}

/** Bytes as an address; `raw`, because base64 needs no escaping, which would search megabytes. */
function dataAddress(type: string, base64: string) {
  return raw(`data:${type};base64,${base64}`)
}
