// A JSON body, checked before it is parsed: a body that is too complex is refused at little cost.

import { Refusal } from '../run/refusal.ts'

/**
 * Maximum number of values in a body, counted by commas and brackets. The largest batch has some 27,100: 100 runs, each
 * with the maximum number of arguments, variables, files and patterns.
 */
export const MAX_JSON_VALUES = 32_768
/** Maximum nesting of arrays and objects; the deepest of a valid body, a batch's files, are at 5. */
export const MAX_JSON_DEPTH = 16

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const CLOSE_OBJECT = 0x7d

/**
 * The value of a text in JSON. `JSON.parse` would take up to a second for half a million empty objects in 2 MiB, or for
 * deeply nested arrays: they are refused unparsed.
 * @throws {Refusal} `invalid_request`
 */
export function parseJsonBody(text: string): unknown {
  const problem = shapeProblem(text)
  if (problem) throw new Refusal('invalid_request', `body: ${problem}`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal('invalid_request', 'body: is not valid JSON', { cause: error })
  }
}

/**
 * The limit that a text exceeds, if any; a text that is not JSON is left to the parser. Searches for the next character
 * that matters: a loop over the characters of a long number takes ten times as long as parsing it.
 */
function shapeProblem(text: string): string | undefined {
  let values = 0
  let strings = 0
  let depth = 0
  const search = /["[\]{},]/g
  while (search.test(text)) {
    const index = search.lastIndex - 1
    const code = text.charCodeAt(index)
    if (code === QUOTE) {
      strings += 1
      search.lastIndex = endOfString(text, index) + 1
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth -= 1
    else if (code === COMMA) values += 1
    else {
      values += 1
      depth += 1
      if (depth > MAX_JSON_DEPTH) return `must be at most ${MAX_JSON_DEPTH} arrays and objects deep`
    }
    // Between two commas or brackets there are at most two strings, a name and its value.
    if (values > MAX_JSON_VALUES || strings > 2 * MAX_JSON_VALUES + 2) {
      return `must have at most ${MAX_JSON_VALUES} values`
    }
  }
  return undefined
}

/** Index of the end of the string that begins at `start`; of the end of the text if the string does not end. */
function endOfString(text: string, start: number): number {
  // Fast path: the next quotation mark is mostly the end.
  const next = text.indexOf('"', start + 1)
  if (next === -1) return text.length
  if (text.charCodeAt(next - 1) !== BACKSLASH) return next
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === BACKSLASH) index += 1
    else if (code === QUOTE) return index
  }
  return text.length
}
