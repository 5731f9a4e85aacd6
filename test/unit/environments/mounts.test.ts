// READ_ONLY_MOUNTS: what is mounted, and what is refused by name.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { parseReadOnlyMounts } from '../../../src/environments/mounts.ts'

describe('parseReadOnlyMounts', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['/srv/data:/data', [{ source: '/srv/data', target: '/data' }]],
    ['/srv/data:/data:ro', [{ source: '/srv/data', target: '/data' }]],
    ['/srv/my data:/mnt/my data', [{ source: '/srv/my data', target: '/mnt/my data' }]],
    [
      '/srv/a:/data/a, /srv/b:/data/b',
      [
        { source: '/srv/a', target: '/data/a' },
        { source: '/srv/b', target: '/data/b' },
      ],
    ],
    ['/developers:/devices', [{ source: '/developers', target: '/devices' }]],
  ])('takes %j', (text, mounts) => {
    expect(parseReadOnlyMounts(text)).toEqual(mounts)
  })

  it.each([
    ['/srv/data:/data:rw', 'always read-only'],
    ['/srv/data:/data:RO', 'always read-only'],
    ['/srv/data:/data:', 'always read-only'],
    ['/srv/data:/data:z', 'always read-only'],
    ['/srv/data:/data:ro,rw', 'SOURCE:TARGET'],
    ['/srv/data:/data:ro:rw', 'SOURCE:TARGET'],
    ['/srv/data', 'SOURCE:TARGET'],
    [':/data', 'SOURCE:TARGET'],
    ['/srv/data:', 'SOURCE:TARGET'],
    ['/srv/data:/data,', 'SOURCE:TARGET'],
    ['srv/data:/data', 'absolute'],
    ['volume:/data', 'absolute'],
    ['/srv/data:data', 'absolute'],
    ['/srv/../etc:/data', 'absolute'],
    ['/srv/./data:/data', 'absolute'],
    ['/srv//data:/data', 'absolute'],
    ['/srv/data:/data/../usr', 'absolute'],
    ['/srv/"data:/data', 'absolute'],
    ['/srv/da\nta:/data', 'absolute'],
    ['/:/data', 'would show'],
    ['/var:/data', 'would show'],
    ['/run/docker.sock:/data', 'would show'],
    ['/var/run/docker.sock:/data', 'would show'],
    ['/var/lib/docker/volumes:/data', 'would show'],
    ['/etc:/data', 'would show'],
    ['/etc/ssl:/data', 'would show'],
    ['/proc/1/root:/data', 'would show'],
    ['/dev:/data', 'would show'],
    ['/srv/data:/', 'would hide'],
    ['/srv/data:/tmp', 'would hide'],
    ['/srv/data:/tmp/work', 'would hide'],
    ['/srv/data:/usr/lib/python3', 'would hide'],
    ['/srv/data:/proc', 'would hide'],
    ['/srv/data:/dev/shm', 'would hide'],
    ['/srv/a:/data,/srv/b:/data', 'overlaps'],
    ['/srv/a:/data,/srv/b:/data/b', 'overlaps'],
  ])('refuses %j', (text, why) => {
    expect(() => parseReadOnlyMounts(text)).toThrow(why)
  })

  it('is told as an error of its setting', () => {
    expect(() => parseConfig({ READ_ONLY_MOUNTS: '/srv/data:/data:rw' })).toThrow(
      '  READ_ONLY_MOUNTS: /srv/data:/data:rw: is always read-only',
    )
  })
})
