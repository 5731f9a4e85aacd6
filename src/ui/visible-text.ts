// Makes a program's output safe to display: characters that hide, colour or reverse text are shown by name.

/** A part of a text: ordinary text, or one character that is shown by its name. */
export interface TextPart {
  text: string
  /** Such as `ESC` or `U+202E`; absent for ordinary text. */
  name?: string
}

/** Maximum number of characters that are shown by name; further ones are shown as U+FFFD. */
export const MAX_NAMED = 500

const NAMES: Readonly<Record<string, string>> = {
  '\0': 'NUL',
  '\x07': 'BEL',
  '\b': 'BS',
  '\r': 'CR',
  '\x1b': 'ESC',
  '\x7f': 'DEL',
}

/**
 * Control characters except tab and line ends, and those that change the direction of text (Unicode standard annex 9,
 * section 2). Biome's rule is for those that are typed by mistake.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  /\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/g

/** The parts of a text, in order; at most `budget` characters are shown by name. */
export function textParts(text: string, budget = MAX_NAMED): TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  let named = 0
  for (const match of text.matchAll(HIDDEN)) {
    if (named >= budget) break
    named += 1
    if (match.index > from) parts.push({ text: text.slice(from, match.index) })
    parts.push({ text: match[0], name: nameOf(match[0]) })
    from = match.index + 1
  }
  if (from < text.length) parts.push({ text: text.slice(from).replaceAll(HIDDEN, '\ufffd') })
  return parts
}

/** A file name without such characters. */
export function plainName(text: string): string {
  return text.replaceAll(HIDDEN, '_')
}

function nameOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return NAMES[character] ?? `U+${code}`
}
