// Answers with JSON that is bytes already.

import type { Context } from 'hono'

/** Answers with `json`. */
export function sendJson(
  c: Context,
  json: Uint8Array<ArrayBuffer>,
  status: 200 | 202 = 200,
  headers: Record<string, string> = {},
): Response {
  return c.body(json, status, { 'Content-Type': 'application/json', ...headers })
}
