// Building blocks of the operations in the API document.

import { resolver } from 'hono-openapi'
import { z } from 'zod'

/** A key, if the server has any. */
export const KEY: Record<string, string[]>[] = [{}, { key: [] }]

/** An answer in JSON. */
export function jsonAnswer(
  description: string,
  schema: z.ZodType,
  { headers, ...media }: { headers?: Headers; example?: unknown; examples?: Examples } = {},
) {
  return {
    description,
    ...(headers && { headers }),
    content: { 'application/json': { schema: resolver(schema, { io: 'output' }), ...media } },
  }
}

type Headers = Record<string, { description: string; schema: object; example?: unknown }>

type Examples = Record<string, { summary: string; value: unknown }>

/** The body of a request. */
export function jsonBody(schema: z.ZodType, examples: Examples) {
  const input = resolver(schema, { io: 'input', unrepresentable: 'any' })
  return { required: true, content: { 'application/json': { schema: input, examples } } }
}

/** A stream of events. OpenAPI 3.1 takes it for text, so the schemas of the events' data are in an extension, `x-events`. */
export function eventStream(examples: Examples, events: Record<string, object>) {
  return { 'text/event-stream': { schema: STRING, examples, 'x-events': events } }
}

/** The parameters of a query. */
export function queryParameters(fields: Record<string, z.ZodType>) {
  return Object.entries(fields).map(([name, field]) => {
    const { $schema: _, ...schema } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
    return { name, in: 'query' as const, schema: schema as object }
  })
}

/** A reference to a schema of the document. */
export const component = (name: string) => ({ $ref: `#/components/schemas/${name}` })

export const STRING = { type: 'string' } as const

/** Header fields of every answer to a request that is counted. */
export const RATE_HEADERS = {
  RateLimit: {
    description: 'Requests left in the client’s current window, if there is a rate limit',
    schema: STRING,
    example: '"client";r=999;t=60',
  },
  'RateLimit-Policy': {
    description: 'The client’s rate limit, if there is one',
    schema: STRING,
    example: '"client";q=1000;w=60',
  },
}
