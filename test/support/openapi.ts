// The API document, as far as tests look into it, and checks of values against its schemas.

import { Ajv2020 } from 'ajv/dist/2020.js'

export interface JsonSchema {
  $ref?: string
  description?: string
  required?: string[]
  properties?: Record<string, JsonSchema>
  additionalProperties?: unknown
}

/** A body of one media type. */
export interface Media {
  schema: JsonSchema
  examples?: Record<string, { value: unknown }>
  'x-events'?: Record<string, { $ref: string }>
}

interface Body {
  content: Record<string, Media>
}

export interface ApiDocument {
  openapi: string
  paths: Record<string, Record<string, { requestBody?: Body; responses: Record<string, Body> }>>
}

/** The document in an answer to GET /openapi.json. */
export async function readDocument(response: Response): Promise<ApiDocument> {
  return (await response.json()) as ApiDocument
}

/** What an operation answers with a status. */
export function answerOf(
  { paths }: ApiDocument,
  [method, path]: readonly ['get' | 'post' | 'delete', string],
  status: number,
  type = 'application/json',
): Media {
  const media = paths[path]?.[method]?.responses[status]?.content[type]
  if (!media) throw new Error(`${method} ${path} has no answer ${status} in ${type}`)
  return media
}

/** What POST /run takes. */
export function requestOf({ paths }: ApiDocument): Media {
  const media = paths['/run']?.post?.requestBody?.content['application/json']
  if (!media) throw new Error('POST /run takes nothing')
  return media
}

/** The examples of a body, by their names. */
export function examplesOf({ examples = {} }: Media): [name: string, value: unknown][] {
  return Object.entries(examples).map(([name, { value }]) => [name, value])
}

/** What is wrong with a value, by a schema of the document or one that it has a name for; empty where nothing is. */
export function schemaCheck(document: ApiDocument, schema: string | JsonSchema) {
  const ajv = new Ajv2020({
    ...{ strict: false, allErrors: true },
    formats: { 'date-time': true, uri: true }, // what the server checks says more
  })
  ajv.addSchema({ $id: 'document', ...document })
  const reference = typeof schema === 'string' ? { $ref: `#/components/schemas/${schema}` } : schema
  const absolute = JSON.parse(JSON.stringify(reference).replaceAll('"#/', '"document#/'))
  const validate = ajv.compile(absolute)
  return (value: unknown): string[] => {
    validate(value)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}
