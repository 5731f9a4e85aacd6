// A client may end its side of the connection after its request and still read the answer: `printf … | nc -N`.

import type { Server } from 'node:http'
import type { UnwrittenAnswers } from './unwritten-answers.ts'

/**
 * How long an answer may take from then on, in milliseconds. Until something is written, a client that has hung up looks the
 * same, and its run must not go on. So it is longer than a run takes in a container that waits, and shorter than the start of
 * one: a flood of clients that hang up must not have the programs run for which containers were started.
 */
const GRACE_MS = 400

/** Answers such clients, and cuts the connection off where the answer is not written within the grace. */
export function answerHalfClosed(
  server: Server,
  unwritten: UnwrittenAnswers,
  graceMs = GRACE_MS,
): void {
  // Node has this switch without a word about it in its types. Without it such a connection is closed at once.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('connection', (socket) => {
    socket.once('end', () => {
      const cut = () => unwritten(socket).size > 0 && socket.destroy()
      setTimeout(cut, graceMs).unref()
    })
  })
}
