// What the operations of the API document are made of.

import { resolver } from 'hono-openapi'
import { z } from 'zod'

/** A key, where the operator asks for one. */
export const KEY: Record<string, string[]>[] = [{}, { key: [] }]

/** An answer in JSON, where nothing has a default; `more` is what else is said of it. */
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

/** A stream of events: text to OpenAPI 3.1, so that the schema of each event's data is an extension of ours. */
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

/** A schema of the document, by its name. */
export const component = (name: string) => ({ $ref: `#/components/schemas/${name}` })

export const STRING = { type: 'string' } as const

/** The fields of every answer to a request that counts. */
export const RATE_HEADERS = {
  RateLimit: {
    description: 'What is left of this client’s rate, where a rate is limited',
    schema: STRING,
    example: '"client";r=999;t=60',
  },
  'RateLimit-Policy': {
    description: 'The rate that a client has, where a rate is limited',
    schema: STRING,
    example: '"client";q=1000;w=60',
  },
}
