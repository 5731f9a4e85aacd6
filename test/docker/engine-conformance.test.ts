// What everything above an engine relies on, for each engine: start, list, clear, remove, and nothing that stays.

import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import type { ContainerStreams } from '../../src/engines/engine.ts'
import { ownerOfThisProcess } from '../../src/engines/owner.ts'
import { FrameParser } from '../../src/executor/protocol.ts'
import { containerSpec } from '../../src/executor/spec.ts'
import { eventually } from '../support/docker.ts'
import { cgroupsOf, engineConfig, suiteEngine } from '../support/engine.ts'

const engine = suiteEngine()
const spec = containerSpec(engineConfig(), ownerOfThisProcess())
const STATE = '/run/safe-code-executor'

const names: string[] = []
afterEach(async () => {
  for (const name of names.splice(0)) await engine.remove(name)
})

async function start(): Promise<{ name: string; streams: ContainerStreams }> {
  const name = `safe-code-executor-${randomBytes(8).toString('hex')}`
  names.push(name)
  const id = await engine.imageId(spec.image)
  return { name, streams: engine.start({ name, userId: 20_000 }, spec, id) }
}

/** Resolves when the runner says that it is ready. */
function ready({ stdout }: ContainerStreams): Promise<void> {
  const parser = new FrameParser()
  return new Promise((resolve) => {
    stdout.on('data', (chunk: Buffer) => {
      for (const { kind } of parser.push(chunk)) if (kind === 'R') resolve()
    })
  })
}

const find = async (name: string) => (await engine.list()).find((one) => one.name === name)

/** Everything on this host that has the container's name: cgroups, folders, ranges of user numbers, mounts, processes. */
function traces(name: string): string[] {
  const folders = ['containers', 'runc', 'crun'].map((folder) => `${STATE}/${folder}/${name}`)
  const ranges = existsSync(`${STATE}/ids`) ? readdirSync(`${STATE}/ids`) : []
  const processes = readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && commandLine(pid).includes(name),
  )
  return [
    ...cgroupsOf(name),
    ...folders.filter((folder) => existsSync(folder)),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(name)),
    ...processes.map(commandLine),
    ...ranges.filter((range) => rangeHolder(range) === name),
  ]
}

function rangeHolder(range: string): string {
  try {
    return readlinkSync(`${STATE}/ids/${range}`)
  } catch {
    return ''
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  } catch {
    return '' // it has ended
  }
}

it('identifies the content of an image, and says what to do where there is none', async () => {
  expect(await engine.imageId(spec.image)).toMatch(/^(sha256:)?[0-9a-f]{64}$/)
  await expect(engine.imageId('no-such-image')).rejects.toThrow(/no-such-image/)
})

it('lists a container that runs, with its owner', async () => {
  const { name, streams } = await start()
  await ready(streams)
  expect(await find(name)).toEqual({ name, state: 'running', owner: ownerOfThisProcess() })
})

it('clears away a container that has ended by itself', async () => {
  const { name, streams } = await start()
  await ready(streams)
  streams.stdin.end() // the runner ends with its host
  await streams.ended
  await eventually('it is cleared', 5000, () => engine.clear(name))
  expect(await find(name)).toBeUndefined()
  await eventually('nothing is left', 5000, () => traces(name).length === 0)
})

it('removes a container that runs, and says when there is none', async () => {
  const { name, streams } = await start()
  await ready(streams)
  expect(await engine.remove(name)).toBe('removed')
  await streams.ended
  expect(await find(name)).toBeUndefined()
  expect(await engine.remove(name)).toBe('absent')
  await eventually('nothing is left', 5000, () => traces(name).length === 0)
})

it('leaves nothing of a start that is broken off, at whatever moment', async () => {
  for (let ms = 0; ms < 120; ms += 12) {
    const { name, streams } = await start()
    await pause(ms)
    streams.abandon()
    await eventually(`it is gone, ${ms} ms after its start`, 20_000, async () => {
      await engine.remove(name)
      return (await find(name)) === undefined && traces(name).length === 0
    })
  }
})

it('starts many at once, each of its own', async () => {
  const started = await Promise.all(Array.from({ length: 8 }, start))
  await Promise.all(started.map(({ streams }) => ready(streams)))
  const listed = (await engine.list()).map(({ name }) => name)
  expect(listed).toEqual(expect.arrayContaining(started.map(({ name }) => name)))
  const removals = await Promise.all(started.map(({ name }) => engine.remove(name)))
  expect(removals).toEqual(Array(8).fill('removed'))
  await eventually('nothing is left', 10_000, () =>
    started.every(({ name }) => traces(name).length === 0),
  )
})
