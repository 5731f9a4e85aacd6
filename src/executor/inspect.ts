// Tries the walls: runs sandbox/probe.py in a sandbox like any other program and judges its report.

import { readFileSync } from 'node:fs'
import { type ContainerSpec, isGvisor } from '../engines/container-spec.ts'
import type { Executor } from '../run/executor.ts'
import { ownRequest } from '../run/request.ts'
import { type Finding, insideSchema, judge, type Trials } from './walls.ts'

/** How long the probe may take, in seconds; it needs about one. */
const PROBE_TIMEOUT_SECONDS = 30

/**
 * Runs the probe in a sandbox and judges its report.
 * @throws {Refusal} if it could not be run.
 * @throws {Error} if it ran but reported nothing.
 */
export async function inspectWalls(
  executor: Executor,
  spec: ContainerSpec,
  signal: AbortSignal,
  trials: Trials = 'all',
): Promise<Finding[]> {
  const { environment, limits, mounts, runtime } = spec
  // gVisor limits these only together, as memory, and trying them would use all of it.
  const untried = isGvisor(runtime) ? { pids: 0, tmpInodes: 0, shmBytes: 0 } : {}
  const targets = mounts.map(({ target }) => target)
  const sent = { ...limits, ...untried, mounts: targets, isCheap: trials === 'cheap' }
  const request = ownRequest({
    code: readFileSync(new URL('../../sandbox/probe.py', import.meta.url), 'utf8'),
    args: [JSON.stringify(sent)],
    environment,
    timeoutSeconds: PROBE_TIMEOUT_SECONDS,
  })
  const outcome = await executor.run(request, { signal })
  if (outcome.status !== 'ok') {
    throw new Error(`the probe ended with ${outcome.status}: ${outcome.error}\n${outcome.stderr}`)
  }
  return judge(insideSchema.parse(JSON.parse(outcome.output)), spec, trials)
}
