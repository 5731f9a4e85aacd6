// The API document, made of what the routes say of themselves.

import type { Env, Hono } from 'hono'
import { type GenerateSpecOptions, generateSpecs, resolver } from 'hono-openapi'
import { startEventSchema } from './async-operations.ts'
import { outputEventSchema } from './operations.ts'
import { refusal } from './refusals.ts'

/** Version of the API: of what a client sends and reads. */
const API_VERSION = '1.0.0'

const DOCUMENTATION: GenerateSpecOptions['documentation'] = {
  openapi: '3.1.0',
  info: {
    title: 'safe-code-executor',
    version: API_VERSION,
    description:
      'Runs untrusted Python: each program once, in a fresh container without network, with little memory and time.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  tags: [
    { name: 'run', description: 'Programs' },
    { name: 'asynchronous runs', description: 'Programs that are asked for now and read later' },
    { name: 'run log', description: 'What ran, for keys with the right to read it' },
    { name: 'health', description: 'The server itself' },
  ],
  components: {
    // What paths, methods and names answer that are not in this document.
    responses: {
      NotFound: refusal(['not_found']),
      MethodNotAllowed: refusal(['method_not_allowed']),
      MisdirectedRequest: refusal(['misdirected_request']),
    },
    securitySchemes: {
      key: {
        type: 'http',
        scheme: 'bearer',
        description: 'An API key, where the operator configured some',
      },
    },
  },
}

/** The document of an app's described routes, in OpenAPI 3.1. */
export async function apiDocument<E extends Env>(app: Hono<E>) {
  const document = await generateSpecs(app, {
    documentation: DOCUMENTATION,
    defaultValidationErrorResponse: false,
  })
  // No path refers to them by a schema: events are text to OpenAPI 3.1.
  for (const schema of [outputEventSchema, startEventSchema]) {
    const { components } = await resolver(schema, { io: 'output' }).toOpenAPISchema()
    Object.assign(document.components.schemas ?? {}, components?.schemas)
  }
  return document
}
