// What the operations of the API document are made of.

import { resolver } from 'hono-openapi'
import { z } from 'zod'

/** A key, where the operator asks for one. */
export const KEY: Record<string, string[]>[] = [{}, { key: [] }]

/** A schema as it is in answers, where nothing has a default. */
export function answer(schema: z.ZodType) {
  return resolver(schema, { io: 'output' })
}

/** An answer with a schema. */
export function jsonAnswer(description: string, schema: z.ZodType) {
  return { description, content: { 'application/json': { schema: answer(schema) } } }
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

/** The fields of every answer to a request that counts. */
export const RATE_HEADERS = {
  RateLimit: {
    description: 'What is left of this client’s rate, where a rate is limited',
    schema: { type: 'string' },
    example: '"client";r=999;t=60',
  },
  'RateLimit-Policy': {
    description: 'The rate that a client has, where a rate is limited',
    schema: { type: 'string' },
    example: '"client";q=1000;w=60',
  },
} as const
