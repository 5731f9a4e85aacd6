// What the page loads beside itself: a script and a style sheet, bundled by the build into dist/ui/browser.

import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** The files, and their types. */
export const ASSET_TYPES = {
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
} as const
export type AssetName = keyof typeof ASSET_TYPES

/** The same place seen from src/ui and from dist/ui. */
const FOLDER = new URL('../../dist/ui/browser/', import.meta.url)

export interface Asset {
  plain: Buffer
  gzipped: Buffer
}

/** @throws {Error} when the build did not make it. */
export async function readAsset(name: AssetName): Promise<Asset> {
  const plain = await readFile(new URL(name, FOLDER))
  return { plain, gzipped: await promisify(gzip)(plain, { level: 9 }) }
}
