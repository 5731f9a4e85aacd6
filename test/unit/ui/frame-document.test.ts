// HTML of a program's in a frame: what the frame forbids is out of it, in time that grows with its length alone.

import { describe, expect, it } from 'vitest'
import { frameDocument } from '../../../src/ui/frame-document.ts'

const bodyOf = (html: string) => frameDocument(html, 'n').split('<body>')[1]

describe('the document of a frame', () => {
  it.each([
    [
      '<table border="1" class="dataframe"><tr style="text-align: right;"><td>1</td></tr></table>',
      '<table border="1" class="dataframe"><tr><td>1</td></tr></table>',
    ],
    ['<style scoped>td { color: red }</style>', '<style nonce="n">td { color: red }</style>'],
    ['<script>alert(1)</script>after', 'after'],
    ['<script>never closed', ''],
    ['<img src=x onerror="alert(1)">', '<img>'],
    ['<img src="data:image/png;base64,AA==">', '<img src="data:image/png;base64,AA==">'],
    ['<img src="http://elsewhere/x.png" alt="x">', '<img alt="x">'],
    [
      '<link rel="stylesheet" href="http://elsewhere/"><base href="/"><iframe src="/ui"></iframe>',
      '',
    ],
    ['a cell with &lt;b style="x"&gt; in it', 'a cell with &lt;b style="x"&gt; in it'],
    ['1 < 2 and style="x"', '1 < 2 and style="x"'],
  ])('%j', (html, expected) => {
    expect(bodyOf(html)).toBe(expected)
  })

  it.each(['src', 'data', 'style', 'srcset', 'onx'])(
    'is made quickly of a tag with a wide %s=',
    (name) => {
      const start = performance.now()
      frameDocument(`<img ${name}=${' '.repeat(1_000_000)}>`, 'n')
      frameDocument(`<img ${name}${' '.repeat(1_000_000)}>`, 'n')
      frameDocument(`<img ${`${name}= `.repeat(200_000)}>`, 'n')
      expect(performance.now() - start).toBeLessThan(2000)
    },
  )

  it.each(['<a ', '<script', '</script ', '<a "', "<a x='", '<img on', '<img src= ', ' style='])(
    'is made quickly of a megabyte of %j',
    (piece) => {
      const html = piece.repeat(1_000_000 / piece.length)
      const start = performance.now()
      frameDocument(html, 'n')
      expect(performance.now() - start).toBeLessThan(2000)
    },
  )
})
