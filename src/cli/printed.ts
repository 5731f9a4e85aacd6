// What the command line prints beside a program's own output: names and messages that a program or a server chose, which
// must not be able to talk to the terminal, nor look like lines of this command.

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

/** A text of this command's own, whose lines stay, with what others chose in it. */
export function inLines(text: string): string {
  return text.split('\n').map(inOneLine).join('\n')
}

/** A value in JSON, in lines: it is the same value, and has no such characters. */
export function inJson(value: unknown): string {
  return inLines(JSON.stringify(value, null, 2))
}

/** Says something on stderr, in one line. */
export function say(text: string): void {
  process.stderr.write(`safe-code-executor: ${inOneLine(text)}\n`)
}
