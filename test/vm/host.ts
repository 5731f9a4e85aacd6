// The host of the suite `vm`: its engines, and what a server on it is started with.

import { execa } from 'execa'
import { OWNER_LABEL } from '../../src/engines/owner.ts'

/** As DOCKER_BIN says them. */
export const ENGINES = ['docker', 'podman'] as const
export type EngineName = (typeof ENGINES)[number]

/** How many containers wait. */
export const POOL_SIZE = 2

/** Settings of a server with times that a host without KVM can keep. */
export function slowHost(engine: EngineName): Record<string, string> {
  return {
    DOCKER_BIN: engine,
    POOL_SIZE: String(POOL_SIZE),
    MAX_RUNNING: '4',
    MAX_TIMEOUT_SECONDS: '120',
    DEFAULT_TIMEOUT_SECONDS: '60',
    MAX_WAIT_SECONDS: '500', // starts have 120 s then
    DRAIN_SECONDS: '60',
  }
}

/** The containers of all servers, by their ids. */
export async function containers(engine: EngineName): Promise<string[]> {
  const { stdout } = await execa(engine, [
    ...['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${OWNER_LABEL}`],
  ])
  return stdout.split('\n').filter(Boolean)
}
