// What the page shows of a result that is long: a part, and a download for the rest.

import { expect, it } from 'vitest'
import type { Outcome } from '../../../src/run/outcome.ts'
import { Result } from '../../../src/ui/result.tsx'
import { outcome } from '../support/app.ts'

const SHOWN = 64 * 1024

const html = (fields: Partial<Outcome>) =>
  String(
    <Result
      ended={{ outcome: { ...outcome(), ...fields }, memoryBytes: 128 * 2 ** 20 }}
      nonce=""
    />,
  )

/** What the links of a page download, in order. */
const downloads = (page: string) =>
  [
    ...page.matchAll(/href="data:application\/octet-stream;base64,([^"]*)" download="([^"]*)"/g),
  ].map(([, data = '', name]) => [name, Buffer.from(data, 'base64').toString()])

it.each(['output', 'stderr'] as const)('shows %s of this length whole, and not more', (field) => {
  const text = 'x'.repeat(SHOWN)
  expect(downloads(html({ [field]: text }))).toEqual([])
  const page = html({ [field]: `${text}y` })
  const name = field === 'output' ? 'output.txt' : 'errors.txt'
  expect(downloads(page)).toEqual([[name, `${text}y`]])
  expect(page).toContain('Only the first 65,536 of 65,537 characters are shown.')
  expect(page).not.toContain('xy')
})

it('offers a display of text that is too long as a file of its type', () => {
  const data = '<'.repeat(SHOWN + 1)
  const page = html({ displays: [{ mime: 'text/html', data }] })
  expect(downloads(page)).toEqual([['display-1.html', data]])
  expect(page).not.toContain('<iframe')
})

it('shows displays of text as far as they are not too long together, and every picture', () => {
  const text = { mime: 'text/plain' as const, data: 'x'.repeat(SHOWN / 2) }
  const picture = { mime: 'image/png' as const, data: 'A'.repeat(4 * SHOWN) }
  const page = html({ displays: [text, picture, text, text, picture] })
  expect(downloads(page).map(([name]) => name)).toEqual(['display-4.txt'])
  expect(page.match(/<img /g)).toHaveLength(2)
})

it('is not much longer than the result, whatever is in it', () => {
  const worst = '<&"\''.repeat(256 * 1024)
  const displays = Array.from({ length: 4 }, () => ({ mime: 'text/html' as const, data: worst }))
  // All of it in base64, and a part of it shown, each character in six at most.
  const bound = (4 / 3) * 5 * worst.length + 2 * 6 * SHOWN + 10_000
  expect(html({ output: worst, displays }).length).toBeLessThan(bound)
})
