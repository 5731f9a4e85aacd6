// Text that the command line prints besides a program's own output: names and messages chosen by a program or a server,
// which must not control the terminal, nor look like lines of this command.

/**
 * Control characters, those that end lines, and those that change the direction of text (Unicode standard annex 9,
 * section 2).
 */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/gu

/** A text in one line, with such characters as JSON writes them: `\u001b`. */
export function inOneLine(text: string): string {
  return text.replaceAll(
    UNSEEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A text of this command with foreign text in it; its own lines are kept. */
export function inLines(text: string): string {
  return text.split('\n').map(inOneLine).join('\n')
}

/** A value in JSON, in lines: it is the same value, and has no such characters. */
export function inJson(value: unknown): string {
  return inLines(JSON.stringify(value, null, 2))
}

/** Prints a message on stderr, in one line. */
export function say(text: string): void {
  process.stderr.write(`safe-code-executor: ${inOneLine(text)}\n`)
}
