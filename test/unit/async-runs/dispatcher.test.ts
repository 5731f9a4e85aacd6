// What asynchronous runs cost synchronous ones at the gate.

import { expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import { inTurn } from '../../../src/admission/turn.ts'
import { Dispatcher } from '../../../src/async-runs/dispatcher.ts'
import { KeptRun } from '../../../src/async-runs/kept-run.ts'
import { newRun } from '../../support/async-runs-harness.ts'
import { ControlledExecutor } from '../../support/controlled-executor.ts'
import { enter, settle } from '../admission/gate-visitor.ts'

it('no place is kept for a run whose program has ended, while that is written down', async () => {
  const gate = new Gate({ maxRunning: 2, maxWaiting: 10, maxWaitMs: 60_000 })
  const control = new ControlledExecutor()
  let written = () => {}
  const dispatcher = new Dispatcher({
    executor: {
      run: (request, options) => inTurn(gate, options, () => control.run(request, options)),
    },
    gate,
    onStart: () => {},
    onFinished: () =>
      new Promise((resolve) => {
        written = resolve
      }),
    onFailed: (_, error) => {
      throw error
    },
  })
  dispatcher.add([new KeptRun(newRun())])
  const asynchronous = await control.next()
  const visitors = Array.from({ length: 6 }, () => enter(gate, { name: 'a', weight: 1 }))
  // So many pass it that the next place would be for an asynchronous one.
  for (const visitor of visitors.slice(0, 3)) {
    await settle()
    visitor.finish()
  }
  await settle()
  asynchronous.finish()
  await settle()
  expect(visitors.map(({ inside }) => inside)).toEqual([false, false, false, true, true, false])
  written()
})
