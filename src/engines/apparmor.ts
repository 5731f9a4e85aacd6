// The AppArmor profile of containers, where the host has AppArmor. Set-up loads it (scripts/setup.sh).

import { readFileSync } from 'node:fs'

/** Its name in sandbox/apparmor-profile. */
const PROFILE = 'safe-code-executor'

const SYSTEM = '/sys'

/**
 * The name of the profile; undefined on a host without AppArmor.
 * @throws {Error} if the host has AppArmor, and the profile is not loaded or not enforced.
 */
export function apparmorProfile(system = SYSTEM): string | undefined {
  if (read(`${system}/module/apparmor/parameters/enabled`).trim() !== 'Y') return undefined
  const loaded = read(`${system}/kernel/security/apparmor/profiles`).split('\n')
  if (loaded.includes(`${PROFILE} (enforce)`)) return PROFILE
  throw new Error(
    `This host has AppArmor, but the profile ${PROFILE} is not loaded: run safe-code-executor setup (in a checkout: npm run setup) with the same ENGINE`,
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // no AppArmor in this kernel
  }
}
