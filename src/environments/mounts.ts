// READ_ONLY_MOUNTS: data of the host that programs may read. Pure; paths that are not plainly data are refused.

import { posix } from 'node:path'

/** A folder or file of the host, seen read-only in every container. */
export interface ReadOnlyMount {
  /** Path on the host that has the engine. */
  source: string
  /** Path in the container. */
  target: string
}

/** Paths that must not be visible inside: the engine's socket and files, devices, secrets of the system. */
const CLOSED_SOURCES = [
  ...['/proc', '/sys', '/dev', '/run', '/var/run', '/boot', '/etc', '/root'],
  ...['/var/lib/docker', '/var/lib/containerd', '/var/lib/containers'],
]

/** Paths that the image, Docker or the runner uses. */
const TAKEN_TARGETS = [
  ...['/bin', '/dev', '/etc', '/lib', '/lib64', '/proc'],
  ...['/run', '/sbin', '/sys', '/tmp', '/usr', '/var'],
]

/**
 * Parses `SOURCE:TARGET` pairs, separated by commas. `:ro` may follow, and is meant anyway.
 * @throws {Error} that names the first pair that is not allowed, and why.
 */
export function parseReadOnlyMounts(text: string): ReadOnlyMount[] {
  if (text.trim() === '') return []
  const mounts = text.split(',').map((pair) => parsePair(pair.trim()))
  const targets = mounts.map(({ target }) => target)
  const double = targets.find((target, index) =>
    targets.some((other, place) => place !== index && overlaps(target, other)),
  )
  if (double) throw new Error(`${double}: overlaps another target`)
  return mounts
}

function parsePair(pair: string): ReadOnlyMount {
  const refuse = (why: string): never => {
    throw new Error(`${pair || 'empty'}: ${why}`)
  }
  const [source = '', target = '', mode = 'ro', ...rest] = pair.split(':')
  if (!source || !target || rest.length > 0) refuse('must be SOURCE:TARGET')
  if (mode !== 'ro') refuse('is always read-only; no other mode is possible')
  for (const path of [source, target]) {
    if (!isPlainPath(path))
      refuse('paths must be absolute, without "..", quotes or control characters')
  }
  const closed = CLOSED_SOURCES.find((folder) => overlaps(source, folder))
  if (closed) refuse(`would show ${closed} of the host`)
  const taken = TAKEN_TARGETS.find((folder) => overlaps(target, folder))
  if (taken) refuse(`would hide ${taken} of the container`)
  return { source, target }
}

function isPlainPath(path: string): boolean {
  return /^\/[^\p{Cc}"'\\]*$/u.test(path) && posix.normalize(path) === path && !path.endsWith('/.')
}

/** Whether one path is the other or lies within it. */
function overlaps(one: string, other: string): boolean {
  const [a, b] = [withSlash(one), withSlash(other)]
  return a.startsWith(b) || b.startsWith(a)
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
