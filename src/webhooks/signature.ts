// Signatures of webhooks, as the specification "Standard Webhooks" 1.0 has them: https://www.standardwebhooks.com

import { createHmac } from 'node:crypto'

/** What a secret begins with whose rest is the key in base64. */
export const BASE64_SECRET_PREFIX = 'whsec_'

/** A secret that has no key in it: everybody could sign with none. */
export class NoKey extends Error {
  override readonly name = 'NoKey'

  constructor() {
    super('the secret has no key in it')
  }
}

/** What is signed. */
export interface SignedContent {
  id: string
  /** Of the attempt, in seconds since 1970. */
  timestampSeconds: number
  /** As it is sent, byte for byte. */
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
