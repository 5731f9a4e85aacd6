// The page: a form, a menu of examples, the result. It needs no script; with one, output comes as it is written.

import type { Child } from 'hono/jsx'
import { EXAMPLES, type Example } from './examples.ts'
import { EditorForm, type FormFields, type FormOptions } from './form.tsx'
import { type Ended, Result } from './result.tsx'

export interface PageProps extends FormOptions {
  /** What stands in the form. */
  fields: FormFields
  /** How the program ended, or why none ran. */
  ended?: Ended
  /** One line on what a program may use. */
  limits: string
  /** Of the Content-Security-Policy: only styles that carry it are applied. */
  nonce: string
}

export function Page({ fields, ended, limits, nonce, ...options }: PageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Safe Code Executor</title>
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href="ui/assets/page.css" />
        {/* The nonce is for the styles that the editor makes. */}
        <script type="module" src="ui/assets/page.js" nonce={nonce}></script>
      </head>
      <body>
        <a class="skip" href="#result">
          Skip to the result
        </a>
        <Header limits={limits}>
          <Examples
            examples={EXAMPLES.filter(({ environment }) => isRunnable(environment, options))}
          />
        </Header>
        <main>
          <EditorForm fields={fields} {...options} />
          <Result ended={ended} nonce={nonce} />
        </main>
      </body>
    </html>
  )
}

/** A picture without a request: a prompt in a box. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1d5fbf"/><path d="M8 10l6 6-6 6M17 22h8" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>',
)}`

function isRunnable(environment: string | undefined, { environments }: FormOptions): boolean {
  return environment === undefined || environments.some(({ name }) => name === environment)
}

function Header({ limits, children }: { limits: string; children: Child }) {
  return (
    <header>
      <div class="title">
        <h1>Safe Code Executor</h1>
        <p>Runs Python once, in a fresh container. {limits}</p>
      </div>
      <nav aria-label="Site">
        <a href="ui" aria-current="page">
          Editor
        </a>
        <a href="docs/">API</a>
      </nav>
      {children}
    </header>
  )
}

function Examples({ examples }: { examples: readonly Example[] }) {
  const groups = [...new Set(examples.map(({ group }) => group))]
  return (
    <details class="examples" id="examples">
      <summary>Examples</summary>
      <nav aria-label="Examples">
        {groups.map((group) => (
          <section>
            <h2>{group}</h2>
            <ul>
              {examples
                .filter((example) => example.group === group)
                .map((example) => (
                  <li>
                    <a
                      href={`ui?example=${example.id}`}
                      data-example={JSON.stringify(exampleFields(example))}
                    >
                      {example.title}
                    </a>
                    <span>{example.expect}</span>
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </nav>
    </details>
  )
}

/** What an example puts into the form. */
export function exampleFields(example: Example): FormFields {
  return {
    code: example.code,
    stdin: example.stdin ?? '',
    args: '',
    timeoutSeconds: '',
    environment: example.environment ?? '',
    outputFiles: (example.outputFiles ?? []).join('\n'),
    displayLastExpression: example.displayLastExpression ?? false,
  }
}
