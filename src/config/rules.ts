// Rules for settings: from the text of an environment variable to its value, or to what is wrong with it.

import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { ENVIRONMENT_NAME } from '../environments/environment-file.ts'
import { parseReadOnlyMounts } from '../environments/mounts.ts'
import { clientAddress } from '../keys/client-address.ts'
import type { RatePolicy } from '../rate-limiter/rate-limiter.ts'
import { hostPattern } from './host-names.ts'

/** Bounds a number; one with too many digits to be a number is too large. */
function within(min: number, max: number) {
  const tooLarge = `must be at most ${max}`
  return z.number(tooLarge).min(min, `must be at least ${min}`).max(max, tooLarge)
}

/** A whole number from `min` to `max`; "unlimited" has no spelling. */
export function whole(min: number, max: number) {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(within(min, max))
}

/** A number from `min` to `max`. */
export function decimal(min: number, max: number) {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .pipe(within(min, max))
}

const on = z.enum(['on', 'true', '1']).transform(() => true as const)
const off = z.enum(['off', 'false', '0']).transform(() => false as const)

/** A folder, relative to the working directory; empty for none. */
export const folder = z.string().transform((path) => (path === '' ? '' : resolve(path)))

export const notEmpty = z.string().min(1, 'must not be empty')

/** Whether something is on. */
export const onOff = z.union([on, off], 'must be on or off (true or false, 1 or 0)')

/** Where programs run; `docker` is the name that `local` had before ENGINE. */
export const executor = z
  .enum(['local', 'queue', 'docker'], 'must be local or queue')
  .transform((value) => (value === 'docker' ? 'local' : value))

/** The URL of a service with one of these schemes, or empty. */
export function serviceUrl(schemes: readonly string[], what: string) {
  return z
    .string()
    .refine(
      (text) =>
        text === '' || schemes.some((scheme) => text.startsWith(scheme) && URL.canParse(text)),
      `must be ${what}`,
    )
}

/** `file:` is a path, which may be relative, and need not be a URL. False if there is to be none. */
export const databaseUrl = z.union(
  [off, z.string().regex(/^file:./), serviceUrl(['postgres://', 'postgresql://'], '').min(1)],
  'must be file:PATH, postgres://USER:PASSWORD@HOST/DATABASE, or off',
)

/** Keys that a header can carry. Only the empty setting means that none is asked for. */
export const apiKeys = z
  .string()
  .regex(
    /^$|^[\x21-\x2b\x2d-\x7e]+(, *[\x21-\x2b\x2d-\x7e]+)*$/,
    'must be keys without spaces, separated by commas',
  )
  .transform((value) => (value === '' ? [] : value.split(/, */)))

export const trustProxy = z.string().refine((setting) => {
  try {
    clientAddress(setting)
    return true
  } catch {
    return false
  }
}, 'must be a number of proxies, or addresses and networks separated by commas')

/** Items separated by commas. */
const list = z
  .string()
  .transform((text) => (text === '' ? [] : text.split(',').map((item) => item.trim())))

/** Names of this server, with `*.` for all below one. */
export const hostNames = list.transform((parts, context) => {
  const names = parts.flatMap((part) => hostPattern(part) ?? [])
  if (names.length === parts.length) return names
  context.addIssue('must be names such as run.example.org or *.example.org, separated by commas')
  return z.NEVER
})

/** Networks in CIDR notation; none if it is merely on, and false if it is off. */
export const networks = z.union([
  off,
  on.transform(() => []),
  list.refine(
    (parts) => parts.every((part) => ipaddr.isValidCIDR(part)),
    'must be on, off, or networks such as 10.1.0.0/16, separated by commas',
  ),
])

/** Two whole numbers, each from 1 on, with a slash between them. */
function pair(maxFirst: number, maxSecond: number, what: string) {
  return z
    .string()
    .regex(/^\d+\/\d+$/, `must be ${what}`)
    .transform((text) => text.split('/').map(Number))
    .pipe(z.tuple([within(1, maxFirst), within(1, maxSecond)]))
}

/** How many requests in how many seconds; false if it is off, and the default if it is on. */
export function rateLimit(byDefault: RatePolicy) {
  return z.union(
    [
      off,
      on.transform(() => byDefault),
      pair(1_000_000_000, 86_400, '').transform(
        ([requests, windowSeconds]): RatePolicy => ({ requests, windowSeconds }),
      ),
    ],
    'must be on, off, or REQUESTS/SECONDS such as 1000/60, at most 1000000000 in 86400',
  )
}

/** How many records are kept, and for how many days. */
export const recordsAndDays = pair(
  1_000_000_000,
  36_500,
  'RECORDS/DAYS such as 1000000/30',
).transform(([maxRuns, maxDays]) => ({ maxRuns, maxDays }))

export const readOnlyMounts = z.string().transform((text, context) => {
  try {
    return parseReadOnlyMounts(text)
  } catch (error) {
    context.addIssue(String((error as Error).message))
    return z.NEVER
  }
})

const environment = z
  .string()
  .regex(
    ENVIRONMENT_NAME,
    'must be names of at most 32 lowercase letters, digits, and . _ - between them, separated by commas',
  )

/** Names of environments, the default one first. */
export const environments = list
  .pipe(z.tuple([environment], environment))
  .refine((names) => new Set(names).size === names.length, 'must not have a name twice')
