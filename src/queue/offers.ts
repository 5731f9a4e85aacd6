// The environments that a server offers when workers run its programs: its own, and those that a worker has.

import { z } from 'zod'
import type { Config } from '../config/config.ts'
import {
  environmentSchema,
  type Offered,
  type OfferedEnvironment,
  ownEnvironments,
} from '../executor/environments.ts'

/** An environment in the report of a worker. */
export const offerSchema = z.object({
  name: environmentSchema.shape.name,
  description: environmentSchema.shape.description,
  onPage: z.boolean(),
  limits: environmentSchema.shape.limits,
})
export type Offer = z.output<typeof offerSchema>

/** What a worker reports of the environments that it runs programs in. */
export function offersOf(config: Config, names: readonly string[]): Offer[] {
  return ownEnvironments(config)
    .filter(({ name }) => names.includes(name))
    .map(({ name, description, onPage, limits }) => ({ name, description, onPage, limits }))
}

/** The part of a worker's report that is used here. */
interface Reported {
  offers: readonly Offer[]
}

/**
 * The environments of a server's own settings, then those that only workers have, by name. One without a folder on this host
 * is as the workers say. Of several that have it, that with the shortest time limit counts, because each of them may get a
 * program. An environment stays when its last worker goes: its programs wait for the next worker, as those of all others do.
 */
export function offeredByWorkers(config: Config, workers: () => readonly Reported[]): Offered {
  const own = ownEnvironments(config)
  const offers = new Map<string, Offer>()
  let offered: ReturnType<Offered> = own
  let known: readonly Reported[] = []
  return () => {
    const now = workers()
    if (now === known) return offered
    known = now
    for (const [name, offer] of shortest(now)) offers.set(name, offer)
    const next = together(own, offers)
    if (JSON.stringify(next) !== JSON.stringify(offered)) offered = next
    return offered
  }
}

/** Of each name the offer with the shortest time limit. */
function shortest(workers: readonly Reported[]): Map<string, Offer> {
  const found = new Map<string, Offer>()
  for (const offer of workers.flatMap(({ offers }) => offers)) {
    const { maxTimeoutSeconds } = found.get(offer.name)?.limits ?? offer.limits
    if (offer.limits.maxTimeoutSeconds <= maxTimeoutSeconds) found.set(offer.name, offer)
  }
  return found
}

function together(
  own: ReturnType<Offered>,
  offers: ReadonlyMap<string, Offer>,
): ReturnType<Offered> {
  const complete = (environment: OfferedEnvironment): OfferedEnvironment =>
    environment.hasFolder ? environment : { ...environment, ...offers.get(environment.name) }
  const [first, ...others] = own
  const names = own.map(({ name }) => name)
  const added = [...offers.values()]
    .filter(({ name }) => !names.includes(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((offer) => ({ ...offer, hasFolder: false, problem: undefined }))
  return [complete(first), ...others.map(complete), ...added]
}
