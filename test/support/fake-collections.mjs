// Runners that collect files, each in its own way: the part of the fake `docker` that follows a program's end.

import { exit, frame, framesAtOnce, keepAlive, noToken } from './fake-frames.mjs'

export function collect(behaviour, token) {
  switch (behaviour) {
    case 'collects':
      frame('S', token)
      frame('X', token, exit({ collects: true }))
      frame('F', token, '5 a.txt')
      frame('B', token, 'he')
      frame('F', noToken, '6 forged')
      frame('B', noToken, 'forged')
      frame('Z', noToken, '9 9')
      frame('B', token, 'llo')
      frame('L', token, 'too_large b.txt')
      frame('V', token, '3 000001.png')
      frame('B', token, Buffer.from([0, 255, 1]))
      frame('Z', token, '4 2')
      return process.exit(0)
    case 'ends-while-it-collects':
      frame('S', token)
      frame('X', token, exit({ collects: true, exitCode: 3 }))
      frame('F', token, '5 a.txt')
      frame('B', token, 'hello')
      frame('F', token, '5 b.txt')
      frame('B', token, 'he')
      return process.stdout.write('', () => process.exit(137))
    case 'reports-and-collects-slowly':
      frame('S', token)
      setTimeout(() => frame('X', token, exit({ collects: true })), 200)
      setTimeout(
        () =>
          framesAtOnce(token, [
            ['F', '5 a.txt'],
            ['B', 'hello'],
            ['Z', '0 0'],
          ]),
        1800,
      )
      return keepAlive()
    case 'collects-for-ever':
      frame('S', token)
      frame('X', token, exit({ collects: true }))
      frame('F', token, '5 a.txt')
      frame('B', token, 'hello')
      return keepAlive()
    case 'collects-too-much':
      frame('S', token)
      frame('X', token, exit({ collects: true }))
      for (let i = 0; i < 40; i += 1) frame('F', token, `0 ${i}.txt`)
      frame('Z', token, '0 0')
      return keepAlive()
    case 'sends-files-unasked':
      framesAtOnce(token, [
        ['S', ''],
        ['X', exit({})],
        ['F', '1 a.txt'],
        ['B', 'x'],
        ['Z', '5 5'],
      ])
      return keepAlive()
    case 'goes-on-after-the-end':
      framesAtOnce(token, [
        ['S', ''],
        ['X', exit({ collects: true })],
        ['Z', '0 0'],
        ['F', '1 a.txt'],
        ['B', 'x'],
        ['Z', '5 5'],
      ])
      return keepAlive()
  }
}
