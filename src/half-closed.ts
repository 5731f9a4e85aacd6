// A client may end its side of the connection after its request and still read the answer: `printf … | nc -N`.

import type { Server } from 'node:http'
import type { UnwrittenAnswers } from './unwritten-answers.ts'

/**
 * How long an answer may take from then on, in milliseconds. Until something is written, a client that has hung up looks the
 * same, and its run must not go on: so it is longer than the start of a container, and ends the run within about a second.
 */
const GRACE_MS = 800

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
