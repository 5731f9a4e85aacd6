// One program in a container of this machine, told in the events that a server would send.

import { pino } from 'pino'
import type { RunEvent } from '../client/client.ts'
import { type Config, withoutPools } from '../config/config.ts'
import { createGuardedExecutor } from '../executor/create.ts'
import { OutputFeed } from '../output/output-feed.ts'
import { judged } from '../run/issues.ts'
import { type RunRequestInput, requestLimits, runRequestSchema } from '../run/request.ts'

/**
 * Runs it with the executor that the server has, and leaves nothing behind.
 * @throws {Refusal} when it did not run.
 */
export async function* runHere(
  config: Config,
  input: RunRequestInput,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  const request = judged(runRequestSchema(requestLimits(config.environments)), input)
  // One container is the program's, and one before it tries the walls.
  const settings = withoutPools(config, request.environment)
  const logger = pino({ level: 'warn' }, pino.destination(2))
  const { executor, close } = createGuardedExecutor(settings, logger, { onMissing: () => {} })
  try {
    const feed = new OutputFeed()
    const outcome = executor
      .run(request, { signal, isFollowed: true, onEvent: (event) => feed.tell(event) })
      .finally(() => feed.end())
    for await (const piece of feed) {
      if (piece !== 'restart') yield { type: piece.stream, text: piece.text }
    }
    yield { type: 'result', outcome: await outcome }
  } finally {
    await close()
  }
}
