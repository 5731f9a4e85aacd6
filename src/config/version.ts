// The version of this package.

import { createRequire } from 'node:module'

/** As package.json says it, which is one folder above this file, as source and when it is compiled. */
export function packageVersion(): string {
  return (createRequire(import.meta.url)('../../package.json') as { version: string }).version
}
