// What a server with an OCI runtime may use of its host: as root, or as root of a user namespace that a service user has made.

import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { ownCgroup } from './own-cgroup.ts'

/** User and group ids, as this process sees them. */
export interface IdRange {
  first: number
  count: number
}

/** The parts of a host that differ by the rights of the server. */
export interface OciHost {
  /** Folder for the state of containers; in memory, so that nothing of it outlives a boot. */
  state: string
  /** Path of the cgroup that all containers are in, in every hierarchy. */
  cgroupParent: string
  /** Ids for the user namespaces of containers. */
  ids: IdRange
  /** Whether this process is root of a user namespace only. */
  isRootless: boolean
}

/** How root has it. All servers that run as root share it. */
export const ROOT_HOST: OciHost = {
  state: '/run/safe-code-executor',
  cgroupParent: '/safe-code-executor',
  /**
   * Above the ids of systemd's containers and of /etc/subuid, in a range that systemd's table of numbers
   * (https://systemd.io/UIDS-GIDS/) has as unused. The last is below 2^31.
   */
  ids: { first: 1_879_048_192, count: 131_072 },
  isRootless: false,
}

/** Name of the cgroup of all containers, below the one that is delegated to the service. */
const CONTAINERS_CGROUP = 'containers'
/** Controllers of cgroup version 2 that the limits need. */
export const CONTROLLERS = ['cpu', 'memory', 'pids'] as const
/** Fewest ids for containers: two for each of a thousand containers. */
const MIN_IDS = 2000

/** The start of a server without root, for messages. */
const UNIT = 'deploy/safe-code-executor.service.d/rootless.conf'

/** Where the facts about a host are; another folder in tests. */
export interface HostFacts {
  /** The file system's root. */
  root?: string
  uid?: number
  user?: string
  /** `RUNTIME_DIRECTORY` of systemd. */
  runtimeDirectory?: string | undefined
}

/**
 * The host as this process may use it.
 * @throws {Error} that names everything that is missing.
 */
export function ociHost(facts: HostFacts = {}): OciHost {
  const {
    root = '',
    uid = process.getuid?.(),
    runtimeDirectory = process.env.RUNTIME_DIRECTORY?.split(':')[0],
  } = facts
  const ranges = [idRanges(`${root}/proc/self/uid_map`), idRanges(`${root}/proc/self/gid_map`)]
  if (uid === 0 && ranges.every(isWholeHost)) return ROOT_HOST
  const missing = missingForRootless(facts)
  const ids = commonIds(ranges)
  const delegated = dirname(ownCgroup('', root))
  if (uid === 0) {
    if (ids.count < MIN_IDS)
      missing.push(`${MIN_IDS} subordinate ids; this user namespace has ${ids.count}`)
    if (!runtimeDirectory) missing.push('RuntimeDirectory= in the unit of the server')
    missing.push(...missingDelegation(`${root}/sys/fs/cgroup`, delegated))
  }
  if (uid !== 0 || missing.length > 0 || !runtimeDirectory) throw new Error(needs(missing))
  return {
    state: runtimeDirectory,
    cgroupParent: `${delegated}/${CONTAINERS_CGROUP}`,
    ids,
    isRootless: true,
  }
}

function needs(missing: readonly string[]): string {
  const needed = `needs a server that runs as root, or in a user namespace (${UNIT})`
  if (missing.length === 0) return needed
  return `${needed}. For the latter this host or unit lacks: ${missing.join('; ')}`
}

/** Settings of a host without which no user can make the user namespace of a server. */
function missingForRootless({ root = '', uid = process.getuid?.(), user }: HostFacts): string[] {
  const missing: string[] = []
  if (!existsSync(`${root}/sys/fs/cgroup/cgroup.controllers`)) {
    missing.push('cgroup version 2: without it only root can limit a container')
  }
  // A namespace made in spite of the restriction has this profile, and no rights.
  const isRestricted =
    uid !== 0 || setting(`${root}/proc/self/attr/current`).startsWith('unprivileged_userns')
  const restriction = `${root}/proc/sys/kernel/apparmor_restrict_unprivileged_userns`
  if (isRestricted && setting(restriction) === '1') {
    missing.push(
      'an AppArmor profile that allows user namespaces, or kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04 restricts them)',
    )
  }
  if (setting(`${root}/proc/sys/kernel/unprivileged_userns_clone`) === '0') {
    missing.push('kernel.unprivileged_userns_clone=1')
  }
  if (setting(`${root}/proc/sys/user/max_user_namespaces`) === '0') {
    missing.push('user.max_user_namespaces above 0')
  }
  if (uid === 0) return missing
  const name = user ?? userInfo().username
  for (const file of ['subuid', 'subgid']) {
    const lines = setting(`${root}/etc/${file}`).split('\n')
    if (!lines.some((line) => [name, String(uid)].includes(line.split(':')[0] ?? ''))) {
      missing.push(`a range of ${name} in /etc/${file} (usermod --add-${file}s)`)
    }
  }
  if (!['/usr/bin', '/bin'].some((folder) => existsSync(`${root}${folder}/newuidmap`))) {
    missing.push('newuidmap (Debian and Ubuntu: apt-get install uidmap)')
  }
  return missing
}

/** What the unit of a server does not delegate to it. */
function missingDelegation(hierarchy: string, delegated: string): string[] {
  const controllers = setting(`${hierarchy}${delegated}/cgroup.controllers`).split(' ')
  const missing = CONTROLLERS.filter((name) => !controllers.includes(name))
  try {
    for (const file of ['', '/cgroup.procs', '/cgroup.subtree_control']) {
      accessSync(`${hierarchy}${delegated}${file}`, constants.W_OK)
    }
  } catch {
    return [
      `a delegated cgroup, with the server in a sub-group of it (Delegate=yes, DelegateSubgroup=server; systemd 254): ${delegated} cannot be changed`,
    ]
  }
  return missing.length > 0
    ? [`the controllers ${missing.join(', ')} in the delegated cgroup ${delegated}`]
    : []
}

/** Lines of uid_map or gid_map (user_namespaces(7)) as ranges of ids inside. */
function idRanges(file: string): IdRange[] {
  return setting(file)
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([first = 0, , count = 0]) => ({ first, count }))
}

/** Whether a namespace has all ids of its host: then it is the host's own. */
function isWholeHost(ranges: readonly IdRange[]): boolean {
  return ranges[0]?.count === 2 ** 32 - 1
}

/** The largest range of each list, less id 0, as far as both have it. */
function commonIds(lists: readonly (readonly IdRange[])[]): IdRange {
  const largest = lists.map((list) => list.toSorted((a, b) => b.count - a.count)[0])
  const first = Math.max(1, ...largest.map((range) => range?.first ?? 0))
  const end = Math.min(...largest.map((range) => (range ? range.first + range.count : 0)))
  return { first, count: Math.max(0, end - first) }
}

/** The text of a file of settings; empty where there is none. */
function setting(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch {
    return ''
  }
}
