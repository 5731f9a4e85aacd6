// The cgroup of this process.

import { readFileSync } from 'node:fs'

/** Its path in the hierarchy of a controller of version 1, or, for an empty name, in that of version 2 (cgroups(7)). */
export function ownCgroup(controller: string, root = ''): string {
  const lines = readFileSync(`${root}/proc/self/cgroup`, 'latin1').split('\n')
  const line = lines.find((text) => text.split(':')[1]?.split(',').includes(controller))
  return line?.split(':')[2] ?? '/'
}
