// The key file: read, watched for changes, and extended by the command `key new`.

import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type ApiKey, apiKeySchema } from './api-key.ts'
import type { KeyRing } from './key-ring.ts'

/** How often a file is looked at, in milliseconds. */
const LOOK_MS = 2000

const keyFileSchema = z
  .strictObject({ keys: z.array(apiKeySchema).max(10_000) })
  .superRefine(({ keys }, context) => {
    for (const field of ['name', 'sha256'] as const) {
      const seen = new Set<string>()
      keys.forEach((key, index) => {
        if (seen.has(key[field])) {
          context.addIssue({
            code: 'custom',
            path: ['keys', index, field],
            message: 'is used twice',
          })
        }
        seen.add(key[field])
      })
    }
  })

/**
 * The keys in a file.
 * @throws {Error} that says what is wrong with it.
 */
export async function readKeyFile(path: string): Promise<ApiKey[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Error(`API_KEYS_FILE can’t be read: ${error.message}`)
  })
  return parseKeys(path, text)
}

function parseKeys(path: string, text: string): ApiKey[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The parser's own message repeats a piece of the file.
    throw new Error(`${path} is not JSON`)
  }
  const result = keyFileSchema.safeParse(json)
  if (result.success) return result.data.keys
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`${path} is not a key file:\n${lines.join('\n')}`)
}

/**
 * Adds a key to a file, which is created if it does not exist. Readers see the old file or the new one, never half of it;
 * one that this makes is for its owner alone, and one that was there keeps its owner and mode.
 * @throws {Error} when the name is taken, or the file can't be read or written.
 */
export async function addToKeyFile(named: string, key: ApiKey): Promise<void> {
  const path = await realpath(named).catch(() => named) // a link stays a link
  const next = `${path}.new` // of one name, so that two who add at once don't lose a key
  const file = await open(next, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
    throw new Error(`${next} exists: another process adds a key; if none does, remove it`)
  })
  try {
    const old = await stat(path).catch(() => undefined)
    const keys = old ? await readKeyFile(path) : []
    if (keys.some(({ name }) => name === key.name)) {
      throw new Error(`${path} has a key called ${key.name} already`)
    }
    await file.writeFile(`${JSON.stringify({ keys: [...keys, key] }, null, 2)}\n`)
    if (old) {
      await file.chmod(old.mode & 0o777)
      await file.chown(old.uid, old.gid)
    }
    await file.sync()
    await rename(next, path)
  } catch (error) {
    await rm(next, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/**
 * Puts the keys of a file on the ring whenever it changes. A file that is not valid changes nothing: the keys that were
 * good stay good, and the log says why. Returns what ends it.
 */
export function watchKeyFile(path: string, ring: KeyRing, logger: Logger): () => void {
  let seen: string | undefined
  let wasWrong = ''
  let isLooking = false
  const look = async () => {
    if (isLooking) return
    isLooking = true
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path)
      const now = `${mtimeMs} ${ctimeMs} ${size} ${ino}`
      if (now !== seen) {
        const keys = await readKeyFile(path)
        ring.replace(keys)
        if (seen !== undefined) logger.info({ keys: keys.length }, 'the key file was read again')
        seen = now // only now, so that a file that could not be read is looked at again
      }
      wasWrong = ''
    } catch (error) {
      const { message } = error as Error
      if (message !== wasWrong) logger.error({ cause: message }, 'the keys are unchanged')
      wasWrong = message
    } finally {
      isLooking = false
    }
  }
  void look()
  const timer = setInterval(() => void look(), LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
