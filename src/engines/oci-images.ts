// The unpacked images for OCI runtimes. Set-up makes them (scripts/setup.sh); here they are only found.

import { readFileSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { z } from 'zod'

/** Folder of the images: one for each content, named by its hash, and a link for each name. Owned by root. */
const IMAGES = '/var/lib/safe-code-executor/images'

/** What `docker image inspect` says of an image, as far as it is used; set-up saves it beside the file system. */
const imageSchema = z.object({
  Env: z.array(z.string()).nullish(),
  WorkingDir: z.string().nullish(),
})

/** One unpacked image. */
export interface UnpackedImage {
  rootfs: string
  env: readonly string[]
  cwd: string
}

/**
 * The id of the image that has this name now: the hash of its content.
 * @throws {Error} if there is none.
 */
export function unpackedImageId(name: string, folder = IMAGES): string {
  try {
    return basename(realpathSync(`${folder}/${encodeURIComponent(name)}`))
  } catch {
    throw new Error(
      `The image ${name} is not unpacked in ${folder}: run safe-code-executor setup (in a checkout: npm run setup) with the same ENGINE`,
    )
  }
}

/** The file with what the image of this name says of itself now, in JSON. */
export function unpackedImageFile(name: string, folder = IMAGES): string {
  return `${folder}/${encodeURIComponent(name)}/image.json`
}

/**
 * The image with this id.
 * @throws {Error} if it is gone or damaged.
 */
export function unpackedImage(id: string, folder = IMAGES): UnpackedImage {
  const path = `${folder}/${id}`
  try {
    const { Env, WorkingDir } = imageSchema.parse(
      JSON.parse(readFileSync(`${path}/image.json`, 'utf8')),
    )
    return { rootfs: `${path}/rootfs`, env: Env ?? [], cwd: WorkingDir || '/' }
  } catch (error) {
    throw new Error(`The unpacked image ${path} is damaged: remove it and run set-up again`, {
      cause: error,
    })
  }
}
