// The webhook of a submission, and its error messages.

import { z } from 'zod'
import { text, unknownField } from '../run/fields.ts'
import { BASE64_SECRET_PREFIX } from './signature.ts'

/** Longest URL, in characters; sitemaps.org has the same limit. */
const MAX_URL_LENGTH = 2048
const MIN_SECRET_LENGTH = 16
const MAX_SECRET_LENGTH = 256

const url = text.superRefine((value, context) => {
  const problem = urlProblem(value)
  if (problem) context.addIssue(problem)
})

const secret = text
  .min(MIN_SECRET_LENGTH, `must have at least ${MIN_SECRET_LENGTH} characters`)
  .max(MAX_SECRET_LENGTH, `must have at most ${MAX_SECRET_LENGTH} characters`)
  .refine(
    (value) =>
      !value.startsWith(BASE64_SECRET_PREFIX) ||
      z.base64().safeParse(value.slice(BASE64_SECRET_PREFIX.length)).success,
    `must be base64 after "${BASE64_SECRET_PREFIX}" (RFC 4648, section 4; padded)`,
  )

/** The webhook of a run. Whether its address may be reached is checked when it is sent. */
export const webhookSchema = z
  .strictObject(
    {
      url: url.meta({
        description:
          'Receives a POST when the run ends; `http` or `https`, without user and fragment',
        format: 'uri',
        maxLength: MAX_URL_LENGTH,
        examples: ['https://example.com/hooks/runs'],
      }),
      secret: secret.describe(
        `The key of the signature: the text in UTF-8, or base64 after \`${BASE64_SECRET_PREFIX}\``,
      ),
    },
    { error: unknownField('an object with "url" and "secret"') },
  )
  .meta({ id: 'Webhook', description: 'A URL that is called when the run ends' })

/** The error message for the URL of a webhook; undefined if it is valid. */
export function urlProblem(text: string): string | undefined {
  if (text.length > MAX_URL_LENGTH) return `must have at most ${MAX_URL_LENGTH} characters`
  if (!URL.canParse(text)) return 'must be an http or https URL'
  const { protocol, username, password, hash } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') return 'must be an http or https URL'
  if (username || password) return 'must not have a user or a password'
  if (hash) return 'must not have a fragment'
  return undefined
}
