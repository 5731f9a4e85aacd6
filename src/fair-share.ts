// How much one client may have of what all share.

import { Refusal } from './errors.ts'

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

/** Whether there is room for it: no client can fill everything alone. The queue's script SUBMIT has the same rule. */
export function hasRoom({ own, more, free }: Share): boolean {
  const left = free - more
  return left >= 0 && own + more <= TIMES_FREE * (left + 1)
}

/** Of what would not fit if there were nothing else: to try again later would change nothing. */
export function neverFits(): Refusal {
  const error =
    'More than one client may have waiting here: send less at once, or a smaller program'
  return new Refusal('too_large', error)
}
