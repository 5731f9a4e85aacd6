// How much one client may have of what all share.

import { Refusal } from '../run/refusal.ts'

/** How many times what it leaves free a client may have. */
export const TIMES_FREE = 9

export interface Share {
  /** How much the client has. */
  own: number
  /** How much more the client asks for. */
  more: number
  /** How much is free before that. */
  free: number
}

/** Whether there is room for it: no client can fill everything alone. */
export function hasRoom({ own, more, free }: Share): boolean {
  const left = free - more
  return left >= 0 && own + more <= TIMES_FREE * (left + 1)
}

/** Runs of a client that are to wait in a queue. */
export interface Wait {
  /** How many of them enter the queue. */
  come: number
  /** How many are parked: they wait for others of the client's to end, because its key has a bound. */
  stay: number
  /** How many runs of the client are in the queue. */
  own: number
  /** How many of the client's are parked already. */
  parked: number
  /** How many entries of the queue are free. */
  free: number
  /** The size of the queue. */
  max: number
}

/**
 * Whether runs may wait. Runs that enter the queue have their client's share of it. Runs that are parked by the limit of
 * their key take nothing from other clients: they are limited as if the queue were their client's alone.
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

/** The refusal for a key that has reached its limit of concurrent programs. */
export function tooManyAtOnce(maxConcurrent: number): Refusal {
  const programs = maxConcurrent === 1 ? 'program' : 'programs'
  return new Refusal(
    'rate_limited',
    `This key may run ${maxConcurrent} ${programs} at once; try again when one has ended`,
    { headers: { 'Retry-After': '1' } },
  )
}

/** The refusal for what would not fit into an empty queue: trying again later would change nothing. */
export function neverFits(): Refusal {
  const error =
    'This is more than one client may have waiting: send fewer runs at once, or smaller programs'
  return new Refusal('too_large', error)
}
