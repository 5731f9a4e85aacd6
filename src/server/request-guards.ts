// Checks of a request before its route: its size and type, the key and its right, the rate.

import { every } from 'hono/combine'
import type { Config } from '../config/config.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { auth, bearerKey, type FindKey } from '../middleware/auth.ts'
import { bodyMemory } from '../middleware/body-memory.ts'
import { bodySize } from '../middleware/body-size.ts'
import { contentType } from '../middleware/content-type.ts'
import type { Drain } from '../middleware/drain.ts'
import { postedForm } from '../middleware/posted-form.ts'
import { rateLimit } from '../middleware/rate-limit.ts'
import { refusalRate } from '../middleware/refusal-rate.ts'
import { sameOrigin } from '../middleware/same-origin.ts'
import type { RateLimiter } from '../rate-limiter/rate-limiter.ts'
import { formText } from '../ui/form-request.ts'

/** Dependencies of the guards. */
interface RequestGuardsOptions {
  config: Config
  ring: KeyRing
  limiter: RateLimiter
  drain: Drain
}

export function createRequestGuards({ config, ring, limiter, drain }: RequestGuardsOptions) {
  const policy = config.RATE_LIMIT
  const refusals = policy && refusalRate({ limiter, policy, ring })
  const limitRate = policy ? [rateLimit({ limiter, policy })] : []
  const limitRefusals = refusals ? [refusals.limit] : []
  const maxBodyBytes = config.MAX_BODY_BYTES
  const limitBody = every(bodyMemory(maxBodyBytes), bodySize(maxBodyBytes))
  const mayRun = (findKey: FindKey) => every(drain.admitRun, auth({ ring, right: 'run', findKey }))
  return {
    /** A program that is sent to the API. */
    run: every(
      ...limitRefusals,
      limitBody,
      contentType('application/json'),
      mayRun(bearerKey),
      ...limitRate,
    ),
    /** A program that the page's form sends. */
    runForm: every(
      sameOrigin(),
      ...limitRefusals,
      limitBody,
      contentType('multipart/form-data', 'application/x-www-form-urlencoded'),
      // Its key is in the form.
      mayRun(async (c) => formText(await postedForm(c), 'key')),
      ...(refusals ? [refusals.again] : []),
      ...limitRate,
    ),
    /** Any other form, before it is read. */
    form: every(
      sameOrigin(),
      ...limitRefusals,
      limitBody,
      contentType('application/x-www-form-urlencoded'),
    ),
    /** A request that must come from a page of this server. */
    ownPage: sameOrigin(),
    /** Any key, if keys are required. */
    anyKey: every(auth({ ring }), ...limitRefusals),
    /** The run log, wherever its key is. */
    readRuns: (findKey: FindKey) =>
      every(
        auth({
          ring,
          right: 'read-runs',
          findKey,
          closedWithoutKeys: config.READ_RUNS_WITHOUT_KEY ? undefined : LOG_IS_CLOSED,
        }),
        ...limitRefusals,
      ),
    /** The queues, wherever its key is. */
    adminQueues: (findKey: FindKey) =>
      auth({ ring, right: 'admin-queues', findKey, closedWithoutKeys: QUEUES_ARE_CLOSED }),
  }
}

const QUEUES_ARE_CLOSED =
  'The queues are open to keys with the right admin-queues only, and this server has no keys. Its operator can create one'

const LOG_IS_CLOSED =
  'The run log is closed. Start the server with READ_RUNS_WITHOUT_KEY=on, or with a key that has the right read-runs'
