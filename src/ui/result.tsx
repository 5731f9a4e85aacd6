// The result as the server writes it: all of it where there is no script, else the places that the script fills.

import type { Display, Outcome, OutputFile } from '../outcome.ts'
import { textToBase64 } from './base64.ts'
import { facts, fileSize, OMISSION_WORDS, STATUS_WORDS } from './ends.ts'
import { verbatim } from './form.tsx'
import { frameDocument } from './frame-document.ts'
import { plainName, textParts } from './visible-text.ts'

/** What stands where there is no output. */
export const PRINTED_NOTHING = 'It printed nothing.'
/** A table of so many rows needs no tall frame. */
const SMALL_TABLE_ROWS = 6

/** How the program ended, or why none ran. */
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
        {!ended && <p class="empty">What the program prints comes here.</p>}
      </section>
      <div id="displays" class="displays">
        {outcome && <Displays outcome={outcome} nonce={nonce} />}
      </div>
      <div id="files-out">{outcome && <Files outcome={outcome} />}</div>
    </section>
  )
}

/** How it ended, in words and numbers. */
export function End({ ended }: { ended: Ended }) {
  if ('refusal' in ended) {
    const { heading, detail } = ended.refusal
    return (
      <div class="status refused" role="alert">
        <strong>
          <span aria-hidden="true">!</span> {heading}
        </strong>
        <span id="error">{detail}</span>
      </div>
    )
  }
  const { outcome, memoryBytes } = ended
  const { sign, words } = STATUS_WORDS[outcome.status]
  return (
    <div class={`status ${outcome.status}`}>
      <strong>
        <span aria-hidden="true">{sign}</span> {words} <code>{outcome.status}</code>
      </strong>
      {outcome.error !== '' && (
        <span id="error">
          <Visible text={outcome.error} />
        </span>
      )}
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

function Texts({ outcome }: { outcome: Outcome }) {
  const isEmpty = outcome.output === '' && outcome.stderr === ''
  return (
    <>
      {isEmpty && <p class="empty">{PRINTED_NOTHING}</p>}
      <pre id="output" class="stdout">
        {verbatim('')}
        <Visible text={outcome.output} />
      </pre>
      {outcome.stderr !== '' && (
        <section aria-label="Standard error">
          <pre id="stderr" class="stderr">
            {verbatim('')}
            <Visible text={outcome.stderr} />
          </pre>
        </section>
      )}
    </>
  )
}

/** Text of a program as it is safe to look at. */
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
}

/** Figures, tables and other things to look at. */
export function Displays({ outcome, nonce }: DisplaysProps) {
  const { displays, displaysOmittedCount } = outcome
  return (
    <>
      {displays.map((display, index) => (
        <DisplayView display={display} title={`Display ${index + 1}`} nonce={nonce} />
      ))}
      {displaysOmittedCount > 0 && (
        <p class="hint">
          Displays that did not come back, because they were too many or too large:{' '}
          {displaysOmittedCount}
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
  if (mime === 'image/png' || mime === 'image/jpeg') {
    return <img src={`data:${mime};base64,${data}`} alt={title} />
  }
  if (mime === 'image/svg+xml') {
    return <img src={`data:${mime};base64,${textToBase64(data)}`} alt={title} />
  }
  if (mime === 'text/html') {
    const rows = data.match(/<tr\b/gi)?.length ?? 0
    return (
      <iframe
        class={rows <= SMALL_TABLE_ROWS ? 'small' : ''}
        sandbox=""
        title={title}
        srcdoc={frameDocument(data, nonce)}
      />
    )
  }
  return (
    <div class="text">
      <Visible text={data} />
    </div>
  )
}

/** The files that came back, and what of them did not. */
export function Files({
  outcome: { files, filesOmitted, filesOmittedCount },
}: {
  outcome: Outcome
}) {
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
            did not come back: {OMISSION_WORDS[reason]}
          </li>
        ))}
        {filesOmittedCount > filesOmitted.length && (
          <li class="omitted">
            and {filesOmittedCount - filesOmitted.length} more did not come back
          </li>
        )}
      </ul>
    </>
  )
}

function fileAddress({ content, encoding }: OutputFile): string {
  return `data:application/octet-stream;base64,${encoding === 'base64' ? content : textToBase64(content)}`
}
