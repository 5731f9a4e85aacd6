// The largest result that a host's limits allow, as a container would send it.

import type { ResultLimits } from '../../src/queue/result-bound.ts'
import type { Outcome } from '../../src/run/outcome.ts'
import { NOTHING_COLLECTED } from './nothing-collected.ts'

/** All output there may be, each byte of it six in JSON. */
export function largestOutput({ outputBytes }: ResultLimits): string {
  return '\u0001'.repeat(outputBytes)
}

/** With files that are text, each byte of it two in JSON, and as many bytes of images. */
export function largestResult(limits: ResultLimits): Partial<Outcome> {
  const { maxFileBytes, maxTotalBytes } = limits.collection
  const sizes = Array.from({ length: Math.floor(maxTotalBytes / maxFileBytes) }, () => maxFileBytes)
  return {
    ...NOTHING_COLLECTED,
    output: largestOutput(limits),
    files: sizes.map((size, n) => ({
      ...{ path: `${n}`, size, encoding: 'utf8' as const },
      content: '"'.repeat(size),
    })),
    displays: sizes.map((size) => ({
      mime: 'image/png' as const,
      data: Buffer.alloc(size).toString('base64'),
    })),
  }
}
