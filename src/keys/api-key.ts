// One API key: its name, the digest that it is known by, what it may do, and limits of its own.

import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'

/** The rights of keys: to run programs, to read the run log, to look at the queues. */
export const RIGHTS = ['run', 'read-runs', 'admin-queues'] as const

/** A right of a key. */
export type Right = (typeof RIGHTS)[number]

const DAY_SECONDS = 86_400
/** How many random bytes a key has: 256 bits can't be guessed, so that a plain digest of it is enough. */
const KEY_BYTES = 32
/** The prefix of keys, so that people and secret scanners recognize them. */
const PREFIX = 'sce_'

const from1To = (max: number) => z.int().min(1).max(max).optional()

/** A key in a key file. Absent limits are those of the settings. */
export const apiKeySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.@-]{1,64}$/, 'must be 1 to 64 letters, digits, or . _ @ -')
    .describe('Name of the key in logs and statistics'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
    .transform((digest) => digest.toLowerCase())
    .describe('SHA-256 of the key, in hexadecimal'),
  rights: z
    .array(z.enum(RIGHTS, `must be some of ${RIGHTS.join(', ')}`))
    .default(['run'])
    .describe('Rights of the key'),
  rateLimitRequests: from1To(1_000_000_000).describe('Run requests per window'),
  rateLimitWindowSeconds: from1To(DAY_SECONDS).describe('Length of the window'),
  maxConcurrent: from1To(10_000).describe(
    'Programs that run at once, and synchronous ones that wait for that; per server, or for all servers that share a queue',
  ),
  weight: from1To(100).describe(
    'Share of the slots while clients wait: a key of weight 3 gets three slots for each one of another key',
  ),
  maxTimeoutSeconds: z
    .number()
    .min(0.001)
    .max(DAY_SECONDS)
    .optional()
    .describe('Longest time limit that a run may ask for'),
})

/** A key as the server knows it. */
export type ApiKey = z.output<typeof apiKeySchema>

/** A new key. */
export function newKey(): string {
  return PREFIX + randomBytes(KEY_BYTES).toString('base64url')
}

/** The digest that identifies a key, in hexadecimal. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
