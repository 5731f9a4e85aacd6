// One caller of a gate, whose task ends when the test says so.

import type { Gate } from '../../../src/admission/gate.ts'
import type { Client } from '../../../src/run/record.ts'

/** Asks for a place. */
export function visitor(gate: Gate, client?: Client) {
  const controller = new AbortController()
  const seen = { inside: false, entered: 0, result: undefined as string | undefined }
  let finish = () => {}
  let fail = (_error: Error) => {}
  const end = new Promise<string>((resolve, reject) => {
    finish = () => resolve('done')
    fail = reject
  })
  end.catch(() => {})
  const used = gate.use(
    async () => {
      seen.inside = true
      seen.entered += 1
      return end.finally(() => {
        seen.inside = false
      })
    },
    controller.signal,
    client,
  )
  return Object.assign(seen, {
    used,
    signal: controller.signal,
    finish,
    fail,
    abort: (reason: unknown) => controller.abort(reason),
  })
}

/** Asks for a place, and writes down in `result` how it ended. */
export function enter(gate: Gate, client?: Client) {
  const one = visitor(gate, client)
  one.used.then(
    (value) => {
      one.result = value
    },
    (error: unknown) => {
      one.result = String(error)
    },
  )
  return one
}

/** Lets everything that can go on without a timer go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
