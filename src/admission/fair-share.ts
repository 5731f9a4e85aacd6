// How much one client may have of what all share.

import { Refusal } from '../run/refusal.ts'

/** How many times what it leaves free a client may have. */
export const TIMES_FREE = 9

export interface Share {
  /** What the client has. */
  own: number
  /** What it asks for in addition. */
  more: number
  /** What is left for all, before that. */
  free: number
}

/** Whether there is room for it: no client can fill everything alone. */
export function hasRoom({ own, more, free }: Share): boolean {
  const left = free - more
  return left >= 0 && own + more <= TIMES_FREE * (left + 1)
}

/** A client's runs that are to wait in a line. */
export interface Wait {
  /** How many of them come into the line. */
  come: number
  /** How many are parked: they wait for others of the client's to end, because its key has a bound. */
  stay: number
  /** How many of the client's are in the line. */
  own: number
  /** How many of the client's are parked already. */
  parked: number
  /** How many places of the line are free. */
  free: number
  /** How many the line has. */
  max: number
}

/**
 * Whether runs may wait. Those that come into the line have their share of its places. Those that are parked by their
 * key's own bound take no place of anybody: they are bounded as if the line were their client's alone.
 */
export function mayWait({ come, stay, own, parked, free, max }: Wait): boolean {
  if (come > 0 && !hasRoom({ own, more: come, free })) return false
  return stay === 0 || hasRoom({ own: parked, more: stay, free: max - parked })
}

/** The same two rules for the scripts of the queue. */
export const FAIR_SHARE_LUA = `
local function has_room(own, more, free)
  local left = free - more
  return left >= 0 and own + more <= ${TIMES_FREE} * (left + 1)
end

local function may_wait(come, stay, own, parked, free, max)
  if come > 0 and not has_room(own, come, free) then return false end
  return stay == 0 or has_room(parked, stay, max - parked)
end
`

/** What is said where a key has as many programs as it may have at once. */
export function tooManyAtOnce(maxConcurrent: number): Refusal {
  return new Refusal(
    'rate_limited',
    `This key may run ${maxConcurrent} programs at once; try again when one has ended`,
    { headers: { 'Retry-After': '1' } },
  )
}

/** Of what would not fit if there were nothing else: to try again later would change nothing. */
export function neverFits(): Refusal {
  const error =
    'This is more than one client may have waiting: send fewer runs at once, or smaller programs'
  return new Refusal('too_large', error)
}
