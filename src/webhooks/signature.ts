// Signatures of webhooks by the specification "Standard Webhooks" 1.0: https://www.standardwebhooks.com

import { createHmac } from 'node:crypto'

/** The prefix of a secret whose rest is the key in base64. */
export const BASE64_SECRET_PREFIX = 'whsec_'

/** The key of a secret is empty: anyone could sign with it. */
export class NoKey extends Error {
  override readonly name = 'NoKey'

  constructor() {
    super('the secret has no key in it')
  }
}

/** The signed content. */
export interface SignedContent {
  id: string
  /** Of the attempt, in seconds since 1970. */
  timestampSeconds: number
  /** The bytes that are sent. */
  body: string | Uint8Array
}

/**
 * The three header fields that a receiver needs. The signature is `v1,` and the HMAC-SHA256 in base64.
 * @throws {NoKey}
 */
export function signedHeaders(
  { id, timestampSeconds, body }: SignedContent,
  secret: string,
): Record<string, string> {
  const hmac = createHmac('sha256', key(secret)).update(`${id}.${timestampSeconds}.`).update(body)
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': `v1,${hmac.digest('base64')}`,
  }
}

function key(secret: string): Buffer {
  const bytes = secret.startsWith(BASE64_SECRET_PREFIX)
    ? Buffer.from(secret.slice(BASE64_SECRET_PREFIX.length), 'base64')
    : Buffer.from(secret)
  if (bytes.length === 0) throw new NoKey()
  return bytes
}
