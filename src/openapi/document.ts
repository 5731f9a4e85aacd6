// The API document, generated from the routes' descriptions.

import type { Env, Hono } from 'hono'
import { type GenerateSpecOptions, generateSpecs, resolver } from 'hono-openapi'
import { startEventSchema } from './async-operations.ts'
import { outputEventSchema } from './operations.ts'
import { refusal } from './refusals.ts'

/** Version of the API, as clients see it. */
const API_VERSION = '1.0.0'

const DOCUMENTATION: GenerateSpecOptions['documentation'] = {
  openapi: '3.1.0',
  info: {
    title: 'safe-code-executor',
    version: API_VERSION,
    description:
      'Runs untrusted Python. Each program runs once, in a fresh container without network, with limited memory and time.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  tags: [
    { name: 'run', description: 'Run a program and wait for its outcome' },
    { name: 'asynchronous runs', description: 'Submit runs now, read their results later' },
    { name: 'run log', description: 'Records of finished runs' },
    { name: 'health', description: 'State of the server' },
  ],
  components: {
    // Answers to paths, methods and host names that are not in this document.
    responses: {
      NotFound: refusal(['not_found']),
      MethodNotAllowed: refusal(['method_not_allowed']),
      MisdirectedRequest: refusal(['misdirected_request']),
    },
    securitySchemes: {
      key: {
        type: 'http',
        scheme: 'bearer',
        description: 'An API key, if the server has any',
      },
    },
  },
}

/** The document of an app's routes, in OpenAPI 3.1. */
export async function apiDocument<E extends Env>(app: Hono<E>) {
  const document = await generateSpecs(app, {
    documentation: DOCUMENTATION,
    defaultValidationErrorResponse: false,
  })
  // No path refers to these schemas: to OpenAPI 3.1 a stream of events is text.
  for (const schema of [outputEventSchema, startEventSchema]) {
    const { components } = await resolver(schema, { io: 'output' }).toOpenAPISchema()
    Object.assign(document.components.schemas ?? {}, components?.schemas)
  }
  return document
}
