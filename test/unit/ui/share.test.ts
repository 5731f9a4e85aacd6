// A program in an address: what goes in comes out, and what is no program of ours is refused.

import { describe, expect, it } from 'vitest'
import { fromFragment, known, toFragment } from '../../../src/ui/browser/share.ts'

const FIELDS = {
  ...{ code: 'print("é😀")\n', stdin: 'a', args: '', timeoutSeconds: '', environment: 'data' },
  ...{ outputFiles: '', displayLastExpression: true },
}

describe('a link', () => {
  it('has all that is filled in, and no character that an address must escape', async () => {
    const fragment = await toFragment(FIELDS)
    expect(fragment).toMatch(/^program=[\w-]+$/)
    expect(await fromFragment(`#${fragment}`)).toEqual({
      ...{ code: FIELDS.code, stdin: 'a', environment: 'data', displayLastExpression: true },
    })
  })

  it('is shorter than its program', async () => {
    const code = 'print("the same line again")\n'.repeat(500)
    expect((await toFragment({ ...FIELDS, code })).length).toBeLessThan(code.length / 20)
  })

  it('without a program is none', async () => {
    expect(await fromFragment('')).toBeUndefined()
    expect(await fromFragment('#result')).toBeUndefined()
  })

  it.each(['program=', 'program=%%%', 'program=AAAA', 'program=q1ZKSwUA'])(
    'that is damaged is refused: %s',
    async (fragment) => {
      await expect(fromFragment(fragment)).rejects.toThrow()
    },
  )

  it('that unpacks to more than a program may be is refused', async () => {
    const fragment = await toFragment({ ...FIELDS, code: 'x'.repeat(2_000_000) })
    await expect(fromFragment(fragment)).rejects.toThrow('too long')
  })

  it('brings in nothing but the fields of the form', () => {
    const given = { code: 'x', stdin: 7, key: 'secret', args: 'y', onload: 'z' }
    expect(known(given)).toEqual({ code: 'x', args: 'y' })
    expect(() => known({ stdin: 'x' })).toThrow()
    expect(() => known(null)).toThrow()
  })
})
