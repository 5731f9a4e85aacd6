// Names the server process that a container belongs to, so that a later one can tell whether it still lives.

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Label of every container: the server process that it belongs to. */
export const OWNER_LABEL = 'safe-code-executor.owner'

/** Start time of a process that cannot be read: no /proc, or no permission to read it, as under Deno. */
const UNKNOWN = 'unknown'

/** Names a process of this host so that a later one with the same number is not taken for it; empty if it has ended. */
export function nameOfProcess(pid: number): string {
  const ticks = startTicks(pid)
  return ticks ? `${pid}/${ticks}` : ''
}

/** This process: where process ids have a meaning, its process id, its start time. */
export function ownerOfThisProcess(): string {
  return [place(), process.pid, startTicks(process.pid) ?? UNKNOWN].join('/')
}

/** Whether the server that this label names ran in the same place as this one and has ended. */
export function isDead(owner: string): boolean {
  const [where, pid, ticks] = owner.split('/')
  if (where !== place() || ticks === UNKNOWN) return false
  const now = startTicks(Number(pid))
  return now !== UNKNOWN && now !== ticks
}

/**
 * Where process ids mean the same: one boot of a kernel, and a PID namespace on it. A server in a container sees no process
 * outside. Names of hosts do not tell: a container may have its host's name, and two hosts that share an engine the same name.
 */
function place(): string {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${bootId}:${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname() // no /proc, or no permission to read it (Deno): no process is visible either
  }
}

/**
 * Start time of a process in ticks of the kernel; undefined if there is no such process (or no /proc), UNKNOWN if it cannot
 * be read.
 */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : UNKNOWN
  }
}
