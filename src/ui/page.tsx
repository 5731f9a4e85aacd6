// The page: a form, a menu of examples, the result. It needs no script; with one, output comes as it is written.

import { EXAMPLES, type Example } from './examples.ts'
import { EditorForm, type FormFields, type FormOptions, NO_FIELDS } from './form.tsx'
import { type Ended, Result } from './result.tsx'
import { Shell } from './shell.tsx'

export interface PageProps extends FormOptions {
  /** What stands in the form. */
  fields: FormFields
  /** How the program ended, or why none ran. */
  ended?: Ended
  /** Of the Content-Security-Policy: only styles that carry it are applied. */
  nonce: string
  /** Whether there is a run log to look at. */
  hasRuns: boolean
}

export function Page({ fields, ended, nonce, hasRuns, ...options }: PageProps) {
  const { environments, defaultTimeoutSeconds } = options
  const memoryMb = (environments[0]?.memoryBytes ?? 0) / 2 ** 20
  const names = environments.map(({ name }) => name)
  return (
    <Shell
      title="Safe Code Executor"
      base=""
      current="Editor"
      hasRuns={hasRuns}
      line={`Python in a fresh container · no network · ${memoryMb} MB · ${defaultTimeoutSeconds} s`}
      skip={{ id: 'result', text: 'Skip to the result' }}
      // The nonce is for the styles that the editor makes.
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

/** What an example puts into the form. */
export function exampleFields(example: Example): FormFields {
  const { code, stdin, environment, displayLastExpression } = { ...NO_FIELDS, ...example }
  const outputFiles = (example.outputFiles ?? []).join('\n')
  return { ...NO_FIELDS, code, stdin, environment, displayLastExpression, outputFiles }
}
