// The form: the program, and a panel with its input and limits.

/** The text fields; arguments and globs are one per line. */
const NO_TEXT = {
  code: '',
  stdin: '',
  args: '',
  timeoutSeconds: '',
  environment: '',
  outputFiles: '',
}
export const TEXT_FIELDS = Object.keys(NO_TEXT) as (keyof typeof NO_TEXT)[]

/** An empty form. */
export const NO_FIELDS = { ...NO_TEXT, displayLastExpression: false }

/** The values of the form's fields. */
export type FormFields = typeof NO_FIELDS

/** An environment in the menu. */
export interface OfferedEnvironment {
  name: string
  description: string
  memoryBytes: number
  defaultTimeoutSeconds: number
}

export interface FormOptions {
  /** Those that the page offers, the one it starts with first. */
  environments: readonly OfferedEnvironment[]
  maxTimeoutSeconds: number
  /** Maximum size of a request, in bytes. */
  maxBodyBytes: number
  /** Whether the form has a field for a key. */
  needsKey: boolean
}

type FormProps = FormOptions & { fields: FormFields }

export function EditorForm(props: FormProps) {
  return (
    // Without an action the form would post to the page's address, with the example in its query.
    <form id="form" method="post" action="ui" enctype="multipart/form-data">
      <div class="editor-head">
        <label for="code" id="code-label">
          Program
        </label>
        <span class="hint" id="editor-hint" hidden>
          <kbd id="run-key">Ctrl</kbd>+<kbd>Enter</kbd>: run · <kbd>Esc</kbd>, <kbd>Tab</kbd>: leave
          the editor
        </span>
      </div>
      <div class="editor" id="editor">
        <textarea
          id="code"
          name="code"
          rows={16}
          required
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
        >
          {verbatim(props.fields.code)}
        </textarea>
      </div>
      <div class="actions">
        <button type="submit" id="run" class="primary">
          <span aria-hidden="true">▶</span> Run
        </button>
        <button type="button" id="stop" hidden disabled>
          <span aria-hidden="true">■</span> Stop
        </button>
        <button type="button" id="share" hidden>
          Share
        </button>
        <span id="said" class="hint" role="status"></span>
      </div>
      {props.needsKey && (
        <p class="key">
          <label for="key">API key</label>
          <input id="key" name="key" type="password" autocomplete="current-password" />
        </p>
      )}
      <Inputs {...props} />
    </form>
  )
}

function Inputs(props: FormProps) {
  const { fields, environments, maxTimeoutSeconds, maxBodyBytes } = props
  return (
    <details class="inputs" id="inputs" open={isFilled(fields)}>
      <summary>Input and limits</summary>
      <div class="fields">
        <p class="wide">
          <label for="stdin">Standard input</label>
          <textarea id="stdin" name="stdin" rows={3} spellcheck={false}>
            {verbatim(fields.stdin)}
          </textarea>
        </p>
        <p>
          <label for="args">Arguments, one per line</label>
          <textarea id="args" name="args" rows={2} spellcheck={false}>
            {verbatim(fields.args)}
          </textarea>
        </p>
        <p>
          <label for="outputFiles">Output files, one pattern per line</label>
          <textarea
            id="outputFiles"
            name="outputFiles"
            rows={2}
            spellcheck={false}
            placeholder="*.png"
          >
            {verbatim(fields.outputFiles)}
          </textarea>
        </p>
        <p>
          <label for="timeoutSeconds">Time limit, in seconds</label>
          <input
            id="timeoutSeconds"
            name="timeoutSeconds"
            type="number"
            min="0.1"
            max={maxTimeoutSeconds}
            step="any"
            value={fields.timeoutSeconds}
            placeholder={String(environments[0]?.defaultTimeoutSeconds ?? '')}
          />
        </p>
        <p>
          <label for="environment">Environment</label>
          <select id="environment" name="environment">
            {environments.map(({ name, description, memoryBytes, defaultTimeoutSeconds }) => (
              <option
                value={name}
                title={description}
                data-memory-bytes={memoryBytes}
                data-default-seconds={defaultTimeoutSeconds}
                selected={name === fields.environment}
              >
                {`${name} (${memoryBytes / 2 ** 20} MB)`}
              </option>
            ))}
          </select>
        </p>
        <p class="wide check">
          <input
            id="displayLastExpression"
            name="displayLastExpression"
            type="checkbox"
            checked={fields.displayLastExpression}
          />
          <label for="displayLastExpression">Show the value of the last line</label>
        </p>
        <div class="wide drop" id="drop">
          <label for="files">Input files</label>
          <input id="files" name="files" type="file" multiple data-max-bytes={maxBodyBytes} />
          <ul id="file-list"></ul>
        </div>
      </div>
    </details>
  )
}

/** Whether anything but the program and the environment is filled in: then the panel is open. */
export function isFilled(fields: Partial<FormFields>): boolean {
  const { stdin, args, outputFiles, timeoutSeconds, displayLastExpression } = fields
  const isText = [stdin, args, outputFiles, timeoutSeconds].some((text) => text)
  return isText || displayLastExpression === true
}

/** The content of a `textarea` or `pre`, where HTML drops one newline at the start: adds one for that. */
export function verbatim(text: string): string {
  return `\n${text}`
}
