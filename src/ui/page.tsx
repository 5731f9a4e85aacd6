// The page: a form, a menu of examples, the result. It works without a script; with one, output is streamed.

import { EXAMPLES, type Example } from './examples.ts'
import { EditorForm, type FormFields, type FormOptions, NO_FIELDS } from './form.tsx'
import { type Ended, Result } from './result.tsx'
import { Shell } from './shell.tsx'

export interface PageProps extends FormOptions {
  /** The values in the form. */
  fields: FormFields
  /** The end of a run, if there was one. */
  ended?: Ended
  /** The nonce of the Content-Security-Policy, which styles need to be applied. */
  nonce: string
  /** Whether there is a run log. */
  hasRuns: boolean
}

export function Page({ fields, ended, nonce, hasRuns, ...options }: PageProps) {
  const { environments } = options
  const [first] = environments
  const memoryMb = (first?.memoryBytes ?? 0) / 2 ** 20
  const names = environments.map(({ name }) => name)
  return (
    <Shell
      title="Safe Code Executor"
      base=""
      current="Editor"
      hasRuns={hasRuns}
      line={`Python in a fresh container · no network · ${memoryMb} MB · ${first?.defaultTimeoutSeconds} s`}
      skip={{ id: 'result', text: 'Skip to the result' }}
      // The script passes the nonce to the editor's styles.
      head={<script type="module" src="ui/assets/page.js" nonce={nonce}></script>}
      more={
        <Examples
          examples={EXAMPLES.filter(({ environment: its }) => !its || names.includes(its))}
        />
      }
    >
      <main>
        <EditorForm fields={fields} {...options} />
        <Result ended={ended} nonce={nonce} />
      </main>
    </Shell>
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

/** The values of an example in the form. */
export function exampleFields(example: Example): FormFields {
  const { code, stdin, environment, displayLastExpression } = { ...NO_FIELDS, ...example }
  const outputFiles = (example.outputFiles ?? []).join('\n')
  return { ...NO_FIELDS, code, stdin, environment, displayLastExpression, outputFiles }
}
