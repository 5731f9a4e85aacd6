// The AppArmor profile of containers, where the host has AppArmor. Set-up loads it (scripts/setup.sh).

import { existsSync, readFileSync } from 'node:fs'

/** Its name in sandbox/apparmor-profile. */
const PROFILE = 'safe-code-executor'

const SYSTEM = '/sys'

/**
 * The name of the profile; undefined on a host without AppArmor.
 * @throws {Error} if the host has AppArmor, and the profile is not loaded or not enforced.
 */
export function apparmorProfile(system = SYSTEM): string | undefined {
  if (read(`${system}/module/apparmor/parameters/enabled`).trim() !== 'Y') return undefined
  const profiles = `${system}/kernel/security/apparmor/profiles`
  // Only root of the host may read the list. A runtime starts no container with a profile that is not loaded.
  if (existsSync(profiles) && !isReadable(profiles)) return PROFILE
  const loaded = read(profiles).split('\n')
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

function isReadable(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
