// Whether the image of an environment is there, and was built from what its folder is now.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { unpackedImageFile } from '../engines/oci-images.ts'
import { writeBuildContext } from '../environments/build-context.ts'
import type { EnvironmentFolder } from '../environments/environment-folder.ts'

/** Label of an image with the hash of all that it was built from; scripts/lib.sh has the same name. */
const INPUTS_LABEL = 'safe-code-executor.inputs'

/** How long the engine may take to answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000

export type ImageState = 'current' | 'outdated' | 'missing' | 'prebuilt'

const configSchema = z.object({ Labels: z.record(z.string(), z.string()).nullish() })

/** @throws {Error} if the folder cannot be read, or the engine does not answer. */
export async function imageState(folder: EnvironmentFolder, config: Config): Promise<ImageState> {
  const scratch = mkdtempSync(join(tmpdir(), 'environment-'))
  try {
    const { image, inputs } = writeBuildContext(folder, join(scratch, 'context'))
    const found =
      config.ENGINE === 'docker' ? await inspect(config.DOCKER_BIN, image) : readUnpacked(image)
    if (found === undefined) return 'missing'
    if (inputs === undefined) return 'prebuilt'
    return configSchema.parse(JSON.parse(found)).Labels?.[INPUTS_LABEL] === inputs
      ? 'current'
      : 'outdated'
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** The configuration of an image in the engine, in JSON; undefined if it has none with this name. */
async function inspect(command: string, image: string): Promise<string | undefined> {
  const args = ['image', 'inspect', '--format', '{{json .Config}}', image]
  const { stdout, stderr, failed } = await execa(command, args, {
    reject: false,
    stdin: 'ignore',
    timeout: ANSWER_TIMEOUT_MS,
  })
  if (!failed) return stdout
  if (/no such image|not known/i.test(stderr)) return undefined
  throw new Error(`${command} image inspect: ${stderr.trim() || 'it does not answer'}`)
}

function readUnpacked(image: string): string | undefined {
  try {
    return readFileSync(unpackedImageFile(image), 'utf8')
  } catch {
    return undefined
  }
}
