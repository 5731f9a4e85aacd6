// The form that was posted, read by the server.

import type { Context } from 'hono'
import { Refusal } from '../errors.ts'

/** Most fields and files of a form: to read tens of thousands would keep the server from all else for a second. */
const MAX_PARTS = 64

/** @throws {Refusal} `invalid_request` when it is not a form, or has more parts than the page’s. */
export async function postedForm(c: Context): Promise<FormData> {
  const body = await c.req.arrayBuffer() // read once, however often it is asked for
  const type = c.req.header('Content-Type') ?? ''
  const separator = /^multipart/i.test(type) ? '\ncontent-disposition' : '&'
  if (
    Buffer.from(body)
      .toString('latin1')
      .toLowerCase()
      .split(separator, MAX_PARTS + 2).length >
    MAX_PARTS + 1
  ) {
    throw new Refusal('invalid_request', `body: must have at most ${MAX_PARTS} fields and files`)
  }
  try {
    return await new Response(body, { headers: { 'Content-Type': type } }).formData()
  } catch (error) {
    throw new Refusal('invalid_request', 'body: must be a form', { cause: error })
  }
}
