// What a program may use, in words.

import type { Config } from '../config/config.ts'
import { environmentLimits } from '../executor/environments.ts'

/** One line on what a program may use, for the page. */
export function limitsText(config: Config): string {
  const seconds = Math.min(config.DEFAULT_TIMEOUT_SECONDS, config.MAX_TIMEOUT_SECONDS)
  const { memoryBytes } = environmentLimits(config, config.ENVIRONMENTS[0])
  return `Without network, with ${memoryBytes / 2 ** 20} MB of memory and ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
}
