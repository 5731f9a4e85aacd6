// Two runs at the same time look for each other: what one leaves on everything that both can open, the other finds.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { isGvisor } from '../../src/engines/container-spec.ts'
import type { Outcome } from '../../src/run/outcome.ts'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

/**
 * What the kernel has once for all containers, and no flag or filter can take away: SECURITY.md says so under what is not
 * stopped. gVisor has a kernel for each; under an OCI runtime each has a user namespace.
 */
const FOUND = isGvisor(process.env.SANDBOX_RUNTIME ?? '')
  ? []
  : [
      ...['/proc/self/ns/time', '/proc/self/ns/time_for_children'],
      ...((process.env.ENGINE ?? 'docker') === 'docker' ? ['/proc/self/ns/user'] : []),
      ...['epoll', 'eventfd'],
    ]

/** Opens what may be the same thing in two containers, by name and without one. */
const OPEN = `
import ctypes, fcntl, os, select, struct, sys, time
files = {'eventfd': os.eventfd(0), 'memfd': os.memfd_create('x')}
keep = select.epoll(); files['epoll'] = keep.fileno()
folders = ['/', '/dev', '/dev/shm', '/etc', '/proc', '/proc/self/ns', '/proc/sys/kernel', '/sys', '/sys/kernel', '/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids']
paths = [sys.executable, os.__file__, *folders]
for folder in folders:
    if os.path.isdir(folder):
        paths += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if not name.isdigit()]
for path in paths:
    try:
        files[path] = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        pass
def record(kind):
    return struct.pack('hhqqi4x', kind, 0, 0x5EC2E7, 1, 0)
`

const LEAVE = `${OPEN}
for name, file in files.items():
    for action in (lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB), lambda: fcntl.fcntl(file, fcntl.F_SETLK, record(fcntl.F_RDLCK))):
        try:
            action()
        except OSError:
            pass
try:
    fcntl.fcntl(os.open('/tmp/own', os.O_RDWR | os.O_CREAT), fcntl.F_OFD_SETLK, record(fcntl.F_WRLCK))
except OSError:
    pass
print('from', time.time())
time.sleep(7)
print('to', time.time())
`

const LOOK = `${OPEN}
time.sleep(2.5)
print('looks', time.time())
found = set()
for name, file in files.items():
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)
    except BlockingIOError:
        found.add(name)
    except OSError:
        pass
    try:
        kind, _, start, _, _ = struct.unpack('hhqqi4x', fcntl.fcntl(file, fcntl.F_GETLK, record(fcntl.F_WRLCK)))
        if kind != fcntl.F_UNLCK and start == 0x5EC2E7:
            found.add(name)
    except OSError:
        pass
if os.path.exists('/proc/locks') and any(str(0x5EC2E7) in line for line in open('/proc/locks')):
    found.add('/proc/locks')
for name in sorted(found):
    print('found', name)
print('looked', time.time())
`

let server: Server
beforeAll(async () => {
  server = await startServer({ POOL_SIZE: '3', MAX_RUNNING: '2' })
  // Both programs begin at once, and the last container that waits is kept for another client.
  await eventually('three containers wait', 50_000, async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    return metrics.includes('pool_ready{environment="python"} 3')
  })
})
afterAll(() => server.stop())

/** The time that a program printed after a word, in seconds. */
function time({ output }: Outcome, word: string): number {
  return Number(output.match(new RegExp(`^${word} ([\\d.]+)$`, 'm'))?.[1])
}

it('finds what SECURITY.md says, and nothing else', async () => {
  const [left, looked] = await Promise.all([
    server.run({ code: LEAVE }),
    server.run({ code: LOOK }),
  ])
  expect(time(looked, 'looks')).toBeGreaterThan(time(left, 'from'))
  expect(time(looked, 'looked')).toBeLessThan(time(left, 'to'))
  const found = looked.output.matchAll(/^found (.+)$/gm)
  expect(Array.from(found, ([, name]) => name)).toEqual(FOUND)
})
