// The engine of a suite: ENGINE says which, as for a server.

import { readdirSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import { pino } from 'pino'
import { parseConfig } from '../../src/config/config.ts'
import type { Engine } from '../../src/engines/engine.ts'
import { createEngine } from '../../src/executor/create.ts'

export const ENGINE = process.env.ENGINE ?? 'docker'
const CGROUPS = '/sys/fs/cgroup'

/** Its settings, with others. */
export function engineConfig(settings: Record<string, string> = {}) {
  return parseConfig({ ENGINE, ...settings })
}

/** The engine by itself, without a server. */
export function suiteEngine(): Engine {
  return createEngine(engineConfig(), pino({ level: 'silent' }))
}

/** The cgroups that a container of an OCI runtime has, in all hierarchies. */
export function cgroupsOf(name: string): string[] {
  const hierarchies = ['', ...readdirSync(CGROUPS).map((entry) => `/${entry}`)]
  return hierarchies
    .map((hierarchy) => `${CGROUPS}${hierarchy}/safe-code-executor/${name}`)
    .filter((path) => processesIn(path) !== undefined)
}

/** Those of these containers in which a process is left. An OCI runtime leaves the rest of one to the next server. */
export function withProcesses(names: readonly string[]): string[] {
  if (ENGINE === 'docker') return [...names]
  return names.filter((name) => cgroupsOf(name).some((path) => processesIn(path)?.length))
}

/** Ends containers as an operator could: without their server. */
export async function removeByHand(names: readonly string[]): Promise<void> {
  if (ENGINE === 'docker') {
    await execa('docker', ['rm', '--force', ...names, 'none'], { reject: false })
    return
  }
  for (const pid of names.flatMap(cgroupsOf).flatMap((path) => processesIn(path) ?? [])) {
    await execa('kill', ['-KILL', pid], { reject: false })
  }
}

function processesIn(cgroup: string): string[] | undefined {
  try {
    return readFileSync(`${cgroup}/cgroup.procs`, 'latin1').split('\n').filter(Boolean)
  } catch {
    return undefined
  }
}
