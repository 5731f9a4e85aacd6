// The editor: CodeMirror in place of the form's text area, which keeps the text for the form.

import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { python } from '@codemirror/lang-python'
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language'
import { EditorState, Prec } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view'
import { classHighlighter } from '@lezer/highlight'

export interface EditorOptions {
  textarea: HTMLTextAreaElement
  /** The element that gets the editor. */
  parent: HTMLElement
  /** The nonce of the Content-Security-Policy, for the editor's styles. */
  nonce: string
  onRun: () => void
  onChange: () => void
}

export function createEditor({ textarea, parent, nonce, onRun, onChange }: EditorOptions) {
  const run = () => {
    onRun()
    return true
  }
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        EditorView.cspNonce.of(nonce),
        lineNumbers(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        drawSelection(),
        history(),
        indentUnit.of('    '),
        EditorState.tabSize.of(4),
        indentOnInput(),
        bracketMatching(),
        python(),
        syntaxHighlighting(classHighlighter),
        EditorView.lineWrapping,
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
        keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]),
        EditorView.domEventHandlers({ beforeinput: replaceSelection }),
        EditorView.contentAttributes.of({
          id: 'code-editor',
          'aria-labelledby': 'code-label',
          'aria-describedby': 'editor-hint',
        }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return
          textarea.value = update.state.doc.toString()
          onChange()
        }),
      ],
    }),
  })
  textarea.hidden = true
  const get = () => view.state.doc.toString()
  return {
    get,
    /** Replaces the program, as a change that can be undone. */
    set: (text: string) => {
      if (text === get()) return
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        selection: { anchor: 0 },
        scrollIntoView: true,
      })
    },
    /** Goes to a line, counted from 1, or else to the last line. */
    goTo: (line: number) => {
      const { from, to } = view.state.doc.line(Math.min(line, view.state.doc.lines))
      view.dispatch({
        selection: { anchor: from, head: to },
        effects: EditorView.scrollIntoView(from, { y: 'center' }),
      })
      view.focus()
    },
    focus: () => view.focus(),
  }
}

/**
 * Replaces a selection by typed text. The browser would do so with a style attribute, to keep the look of the old text,
 * which the page's Content-Security-Policy forbids.
 */
function replaceSelection(event: InputEvent, view: EditorView): boolean {
  // The selection on the page: the editor's own may be older.
  const selection = document.getSelection()
  const isTyping = event.inputType === 'insertText' && event.data !== null && !view.composing
  if (!isTyping || !selection || selection.isCollapsed) return false
  const range = selection.getRangeAt(0)
  const from = view.posAtDOM(range.startContainer, range.startOffset)
  const to = view.posAtDOM(range.endContainer, range.endOffset)
  const insert = event.data ?? ''
  view.dispatch({
    changes: { from, to, insert },
    selection: { anchor: from + insert.length },
    userEvent: 'input.type',
    scrollIntoView: true,
  })
  return true
}
