// The page's script. The page works without it; with it there are an editor, streamed output and links to share.

import { createClient } from '../../client/client.ts'
import { type FormFields, isFilled, NO_FIELDS } from '../form.tsx'
import { formFields } from '../form-request.ts'
import { Console } from './console.ts'
import { copyText } from './copy.ts'
import { element } from './dom.ts'
import { createEditor } from './editor.ts'
import { offerExamples } from './examples-menu.ts'
import { takeFiles } from './files-in.ts'
import { Runner } from './run.tsx'
import { FRAGMENT_NAME, fromFragment, toFragment } from './share.ts'
import { keep, kept } from './storage.ts'

/** Time for which a short message stays, in milliseconds. */
const MESSAGE_MS = 4000
/** Time from the last key press until the program is saved, in milliseconds. */
const KEEP_MS = 300

const form = element('form', HTMLFormElement)
const textarea = element('code', HTMLTextAreaElement)
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? ''

const runInForm = () => form.requestSubmit(element('run', HTMLButtonElement))
let keepTimer: number | undefined
/** Whether the program is changed by an example or a link, not by typing. */
let isFilling = false
const keepSoon = () => {
  if (isFilling) return
  forgetAddress()
  clearTimeout(keepTimer)
  keepTimer = window.setTimeout(() => keep(formFields(new FormData(form))), KEEP_MS)
}
const isUntouched = textarea.value === textarea.defaultValue
const hadFocus = document.activeElement === textarea
const editor = createEditor({
  textarea,
  nonce,
  parent: element('editor', HTMLDivElement),
  onRun: runInForm,
  onChange: keepSoon,
})
if (hadFocus) editor.focus()
// The text area is hidden: the browser's own check could not point at it.
textarea.required = false
const label = element('code-label', HTMLLabelElement)
label.htmlFor = 'code-editor'
label.addEventListener('click', () => editor.focus())
element('editor-hint', HTMLSpanElement).hidden = false
if (/Mac|iPhone|iPad/.test(navigator.userAgent)) element('run-key', HTMLElement).textContent = '⌘'

const output = new Console(element('console', HTMLElement), (line) => editor.goTo(line))
const runner = new Runner({
  form,
  nonce,
  console: output,
  client: () => {
    const key = document.querySelector<HTMLInputElement>('#key')?.value
    return createClient({ url: new URL('.', location.href).href, ...(key && { key }) })
  },
})
form.addEventListener('submit', (event) => {
  event.preventDefault()
  keep(formFields(new FormData(form)))
  void runner.start()
})
form.addEventListener('input', keepSoon)
// The browser points at a field that is not valid, which it can't in a closed panel.
form.addEventListener(
  'invalid',
  () => {
    element('inputs', HTMLDetailsElement).open = true
  },
  { capture: true },
)
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return
  event.preventDefault()
  runInForm()
})
takeFiles(form)

let messageTimer: number | undefined
const say = (text: string) => {
  const said = element('said', HTMLSpanElement)
  said.textContent = text
  clearTimeout(messageTimer)
  messageTimer = window.setTimeout(() => said.replaceChildren(), MESSAGE_MS)
}

offerExamples((fields, title) => {
  fill(fields)
  say(`Example: ${title}`)
  editor.focus()
})

const share = element('share', HTMLButtonElement)
share.hidden = false
share.addEventListener('click', async () => {
  const url = new URL('ui', location.href)
  url.hash = await toFragment(formFields(new FormData(form)))
  history.replaceState(null, '', url)
  const isCopied = await copyText(url.href)
  say(isCopied ? 'Link copied. It contains the program.' : 'The link is in the address bar.')
})

const copy = element('copy', HTMLButtonElement)
copy.hidden = false
copy.addEventListener('click', async () => {
  const text =
    runner.outcome?.output ?? (output.stdout || document.getElementById('output')?.textContent)
  if (!text) return say('There is no output to copy.')
  const isCopied = await copyText(text)
  say(isCopied ? 'Output copied.' : 'The browser does not allow copying.')
})

/** Fills the form from an example, a link or the last visit; other fields become empty. */
function fill(given: Partial<FormFields>): void {
  const fields = { ...NO_FIELDS, ...given }
  isFilling = true
  editor.set(fields.code)
  isFilling = false
  for (const name of ['stdin', 'args', 'outputFiles'] as const) {
    element(name, HTMLTextAreaElement).value = fields[name]
  }
  element('timeoutSeconds', HTMLInputElement).value = fields.timeoutSeconds
  element('displayLastExpression', HTMLInputElement).checked = fields.displayLastExpression
  const select = element('environment', HTMLSelectElement)
  select.value = fields.environment
  if (select.selectedIndex < 0) select.selectedIndex = 0
  if (isFilled(fields)) element('inputs', HTMLDetailsElement).open = true
}

/** Drops a program or example from the address, which would replace the typed program at the next visit. */
function forgetAddress(): void {
  if (!location.hash.startsWith(`#${FRAGMENT_NAME}`) && !location.search) return
  history.replaceState(null, '', location.pathname)
}

/** Fills the form with the program in the address; whether there is one, damaged or not. */
async function takeShared(): Promise<boolean> {
  try {
    const shared = await fromFragment(location.hash)
    if (shared) fill(shared)
    return shared !== undefined
  } catch {
    say('The link is damaged: its program can’t be read.')
    return true
  }
}

/** Fills the form with a shared program; else keeps the answer or example on the page; else takes the last program. */
async function firstProgram(): Promise<void> {
  const isAnswer = element('end', HTMLDivElement).childElementCount > 0
  const isExample = new URL(location.href).searchParams.has('example')
  if ((await takeShared()) || isAnswer || isExample || !isUntouched) return
  const last = kept()
  if (last) fill(last)
}
window.addEventListener('hashchange', () => void takeShared())
void firstProgram()
