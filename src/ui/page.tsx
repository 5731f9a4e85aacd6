// The page: a form, a menu of examples, the result. It needs no script.

import type { Outcome } from '../outcome.ts'
import { EXAMPLES } from './examples.ts'
import { STYLE } from './style.ts'

export interface PageProps {
  /** What stands in the text area. */
  code: string
  /** How the program ended, if one ran. */
  outcome?: Outcome
  /** Why none ran. */
  refusal?: string
  /** Whether the form asks for a key. */
  needsKey: boolean
  /** One line on what a program may use. */
  limits: string
  /** Of the Content-Security-Policy: only this style is applied. */
  nonce: string
}

export function Page({ code, outcome, refusal, needsKey, limits, nonce }: PageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Safe Code Executor</title>
        {/* Text of our own, and a style must not be escaped. */}
        <style nonce={nonce} dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <header>
          <h1>Safe Code Executor</h1>
          <p>Runs Python once, in a fresh container. {limits}</p>
        </header>
        <main>
          <nav aria-label="Examples">
            <h2>Examples</h2>
            <ul>
              {EXAMPLES.map(({ id, title }) => (
                <li>
                  <a href={`/ui?example=${id}`}>{title}</a>
                </li>
              ))}
            </ul>
          </nav>
          <form method="post" action="/ui">
            <label for="code">Program</label>
            <textarea
              id="code"
              name="code"
              rows={14}
              required
              spellcheck={false}
              autocomplete="off"
              autocapitalize="off"
            >
              {verbatim(code)}
            </textarea>
            {needsKey && (
              <p>
                <label for="key">API key</label>{' '}
                <input id="key" name="key" type="password" autocomplete="current-password" />
              </p>
            )}
            <button type="submit">Run</button>
          </form>
          {outcome && <Result outcome={outcome} />}
          {refusal !== undefined && (
            <section aria-label="Result">
              <p class="error" role="alert">
                {refusal}
              </p>
            </section>
          )}
        </main>
      </body>
    </html>
  )
}

function Result({ outcome }: { outcome: Outcome }) {
  return (
    <section aria-label="Result">
      <h2>Output</h2>
      <pre id="output">{verbatim(outcome.output)}</pre>
      {outcome.error !== '' && (
        <p id="error" class="error" role="alert">
          {outcome.error}
        </p>
      )}
      {outcome.stderr !== '' && (
        <details open>
          <summary>Standard error</summary>
          <pre id="stderr">{verbatim(outcome.stderr)}</pre>
        </details>
      )}
      <p class="facts">
        {[
          outcome.status,
          outcome.exitCode === null ? `signal ${outcome.signal}` : `exit code ${outcome.exitCode}`,
          `${outcome.durationMs} ms`,
          `${(outcome.peakMemoryBytes / 1024 / 1024).toFixed(1)} MB`,
          ...(outcome.truncated ? ['output cut at the limit'] : []),
        ].join(' · ')}
      </p>
    </section>
  )
}

/** HTML drops one newline at the start of these elements: this is the one that it may drop. */
function verbatim(text: string): string {
  return `\n${text}`
}
