// What a run is said to have used, whatever its program does so that nobody sees it, against a real engine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

const MIB = 1024 * 1024
const MEMORY_BYTES = 128 * MIB

/** Ways to have processes that no `wait` of the runner sees, and one that it sees: `work` in another process. */
const WAYS = {
  'a child, with SIGCHLD ignored': `
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0: work()`,
  'an orphan that comes back to the program, with SIGCHLD ignored': `
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    if os.fork() == 0: work()
    os._exit(0)`,
  'a child of a process that did not wait for it': `
if os.fork() == 0:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0: work()
    os.read(reading, 1)
    time.sleep(0.05)
    os.write(writing, b'x')
    os._exit(0)`,
  'an orphan': `
if os.fork() == 0:
    if os.fork() == 0: work()
    os._exit(0)`,
}

/** A program that does something in one of these ways, and waits until it is done. */
const elsewhere = (way: string, statement: string) => `
import ctypes, os, signal, time
reading, writing = os.pipe()
def burn(seconds):
    while time.process_time() < seconds: pass
def work():
    ${statement}
    os.write(writing, b'x')
    os._exit(0)
${way}
os.read(reading, 1)
time.sleep(0.1)
`

let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe.each(Object.entries(WAYS))('%s', (_, way) => {
  it('does not hide CPU time', async () => {
    const { cpuMs } = await server.run({ code: elsewhere(way, 'burn(0.6)') })
    expect(cpuMs).toBeGreaterThan(590)
    expect(cpuMs).toBeLessThan(900)
  })

  it('does not hide memory', async () => {
    const code = elsewhere(way, "block = bytearray(b'x') * (90 << 20)")
    const { status, peakMemoryBytes } = await server.run({ code })
    expect(status).toBe('ok')
    expect(peakMemoryBytes).toBeGreaterThan(90 * MIB)
    expect(peakMemoryBytes).toBeLessThan(MEMORY_BYTES)
  })
})

it('counts the CPU time of a run that was ended', async () => {
  const way = WAYS['a child, with SIGCHLD ignored']
  const code = elsewhere(way, 'burn(0.4); time.sleep(60)')
  const outcome = await server.run({ code, timeoutSeconds: 4 })
  expect(outcome.status).toBe('timeout')
  expect(outcome.cpuMs).toBeGreaterThan(390)
})

describe('memory is counted together', () => {
  it.each([
    [
      'of several processes at one time',
      `import os, time
for _ in range(4):
    if os.fork() == 0:
        block = bytearray(b'x') * (20 << 20)
        time.sleep(0.5)
        os._exit(0)
for _ in range(4): os.wait()`,
    ],
    [
      'of files in /tmp',
      'open("big", "wb").write(bytes(14 << 20)); b = bytearray(b"x") * (68 << 20)',
    ],
    [
      'of files in /dev/shm',
      'open("/dev/shm/big", "wb").write(bytes(14 << 20)); b = bytearray(b"x") * (68 << 20)',
    ],
  ])('%s', async (_, code) => {
    const { status, peakMemoryBytes } = await server.run({ code })
    expect(status).toBe('ok')
    expect(peakMemoryBytes).toBeGreaterThan(80 * MIB)
    expect(peakMemoryBytes).toBeLessThan(MEMORY_BYTES)
  })

  it('of files that were uploaded', async () => {
    const content = 'x'.repeat(400_000)
    const files = ['a', 'b', 'c'].map((path) => ({ path, content }))
    const code = 'block = bytearray(b"x") * (50 << 20)'
    const run = async (given: object) => (await server.run({ code, ...given })).peakMemoryBytes
    const more = (await run({ files })) - (await run({}))
    expect(more).toBeLessThan(2 * 1_200_000)
  })
})

describe('the runner’s own use is not the program’s', () => {
  it('where the program does nothing', async () => {
    const outcome = await server.run({ code: 'pass' })
    expect(outcome.cpuMs).toBeLessThan(60)
    expect(outcome.peakMemoryBytes).toBeGreaterThan(4 * MIB)
    expect(outcome.peakMemoryBytes).toBeLessThan(16 * MIB)
  })

  it('where it takes in much and hands on much', async () => {
    const code = `import os, sys, time
for _ in range(4000): os.write(1, b'x' * 100)
print(time.process_time() * 1000, file=sys.stderr)`
    const outcome = await server.run({ code, stdin: 'x'.repeat(900_000) })
    expect(outcome.status).toBe('ok')
    // What it had used before its job is in its own clock, and its end is not.
    expect(outcome.cpuMs).toBeLessThan(Number(outcome.stderr) + 15)
    expect(outcome.peakMemoryBytes).toBeLessThan(16 * MIB)
  })
})

describe('what the kernel counts is read', () => {
  it.each([
    [
      'from cgroup v2',
      {
        'cpu.stat': 'usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n',
        'memory.current': '30\n',
        'memory.peak': '90\n',
        'memory.events': 'low 0\noom 4\noom_kill 3\noom_group_kill 2\n',
      },
      [1_500_000_000, 30, 90, 3],
    ],
    [
      'from cgroup v2 of a kernel that knows no peak',
      { 'cpu.stat': 'usage_usec 7\n', 'memory.current': '30\n' },
      [7000, 30, null, null],
    ],
    [
      'from cgroup v1',
      {
        'cpuacct/cpuacct.usage': '12\n',
        'memory/memory.usage_in_bytes': '34\n',
        'memory/memory.max_usage_in_bytes': '56\n',
        'memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
      },
      [12, 34, 56, 1],
    ],
    ['where there is nothing', {}, [null, null, null, null]],
    [
      'where it is something else',
      {
        'cpu.stat': '',
        'memory.current': 'max\n',
        'memory.peak': '\n',
        'memory.events': 'oom 1\n',
      },
      [null, null, null, null],
    ],
  ])('%s', async (_, files, numbers) => {
    const code = `import json, os, sys
sys.path.insert(0, '/usr/lib/sandbox')
import cgroup
cgroup.ROOT = os.getcwd()
counts = cgroup.Cgroup()
print(json.dumps([count.read() for count in (counts.cpu_ns, counts.memory, counts.peak, counts.oom_kills)]))
counts.begin(0)
counts.cpu_seconds(), counts.peak_bytes()`
    const given = Object.entries(files).map(([path, content]) => ({ path, content }))
    const outcome = await server.run({ code, files: given })
    expect(outcome).toMatchObject({
      status: 'ok',
      output: JSON.stringify(numbers).replaceAll(',', ', '),
    })
  })
})
