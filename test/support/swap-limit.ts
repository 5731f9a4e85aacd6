// The host's side of a container's limit of swap, whatever version its cgroups have.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { execa } from 'execa'

/** Takes the limit of swap away from a container that lives, as another program of the host would. */
export async function loseSwapLimit(engine: string, container: string): Promise<void> {
  const { stdout } = await execa(engine, [
    'inspect',
    '--format',
    '{{.State.Pid}} {{.Id}}',
    container,
  ])
  const [pid, id = ''] = stdout.split(' ')
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  const group = (controllers: RegExp) =>
    lines.map((line) => line.split(':')).find(([, names = '']) => controllers.test(names))?.[2] ??
    ''
  const inOne = `/sys/fs/cgroup/memory${group(/\bmemory\b/)}/memory.memsw.limit_in_bytes`
  if (existsSync(inOne)) {
    writeFileSync(inOne, '-1')
    return
  }
  // crun has the processes in a group below the one that the engine limits.
  const own = `/sys/fs/cgroup${group(/^$/)}`
  for (const folder of [own, dirname(own)].filter((path) => path.includes(id))) {
    writeFileSync(`${folder}/memory.swap.max`, 'max')
  }
}
