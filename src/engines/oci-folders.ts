// The folders of containers of an OCI runtime.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Makes a folder with this mode, whatever the umask: root of a container, which is another user, has to get through. */
export function makeFolder(path: string, mode = 0o711): void {
  mkdirSync(path, { recursive: true })
  chmodSync(path, mode)
}

/** Removes a folder in memory, if it is there: each call blocks for microseconds. */
export function removeFolder(path: string): void {
  if (!existsSync(path)) return
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const file = `${path}/${entry.name}`
      if (entry.isDirectory()) rmdirSync(file)
      else unlinkSync(file)
    }
    rmdirSync(path)
  } catch {
    rmSync(path, { recursive: true, force: true })
  }
}

/** Makes the target of a mount in the top layer of the container's root, where the image may not have it. */
export function makeTarget(source: string, target: string): void {
  const isFolder = statSync(source).isDirectory()
  const folder = isFolder ? target : dirname(target)
  const first = mkdirSync(folder, { recursive: true })
  // Whatever the umask: root of the container has to get through.
  for (let path = folder; first && path.length >= first.length; path = dirname(path)) {
    chmodSync(path, 0o755)
  }
  if (!isFolder) writeFileSync(target, '')
}
