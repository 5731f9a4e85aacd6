// Which AppArmor profile containers get, in folders that look like those of the kernel.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { apparmorProfile } from '../../../src/engines/apparmor.ts'

let system: string
beforeEach(() => {
  system = mkdtempSync(join(tmpdir(), 'apparmor-'))
})
afterEach(() => rmSync(system, { recursive: true }))

function host(enabled: string, profiles: string) {
  mkdirSync(join(system, 'module/apparmor/parameters'), { recursive: true })
  mkdirSync(join(system, 'kernel/security/apparmor'), { recursive: true })
  writeFileSync(join(system, 'module/apparmor/parameters/enabled'), enabled)
  writeFileSync(join(system, 'kernel/security/apparmor/profiles'), profiles)
}

it('is ours where it is enforced', () => {
  host('Y\n', 'docker-default (enforce)\nsafe-code-executor (enforce)\n')
  expect(apparmorProfile(system)).toBe('safe-code-executor')
})

it('is none on a host without AppArmor, or where it is switched off', () => {
  expect(apparmorProfile(system)).toBeUndefined()
  host('N\n', '')
  expect(apparmorProfile(system)).toBeUndefined()
})

it('is ours where only root of the host may read the list', () => {
  host('Y\n', '')
  const profiles = join(system, 'kernel/security/apparmor/profiles')
  rmSync(profiles)
  mkdirSync(profiles) // fails to be read for root too
  expect(apparmorProfile(system)).toBe('safe-code-executor')
})

it.each([
  'docker-default (enforce)\n',
  'safe-code-executor (complain)\n',
  'safe-code-executor-2 (enforce)\n',
])('has to be loaded and enforced where there is AppArmor: not %j', (profiles) => {
  host('Y\n', profiles)
  expect(() => apparmorProfile(system)).toThrow(/not loaded: run .* setup/)
})
