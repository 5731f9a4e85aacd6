// Bounds the answers that are made and that nobody reads: each may hold some megabytes.

import type { Server, ServerResponse } from 'node:http'
import type { Config } from './config.ts'

/** How long a client may take to read its answer, in milliseconds. */
export const READ_TIMEOUT_MS = 30_000
/** Answers that may wait for their readers, at least: each may hold some megabytes. */
const MIN_UNREAD = 16
/** What is not more than this, in bytes, holds nothing worth a bound: many short answers may be made at the same moment. */
const SHORT_BYTES = 16 * 1024

/** How many answers of runs that are over may wait for their readers. */
export function maxUnread({ MAX_RUNNING }: Pick<Config, 'MAX_RUNNING'>): number {
  return Math.max(MIN_UNREAD, MAX_RUNNING * 4)
}

export interface UnreadAnswersOptions {
  /** How long an answer may take to be read when all of it was written, in milliseconds. */
  timeoutMs: number
  /** How many may be unread at once; one more, and the one that was written first is cut off. */
  maxAnswers: number
}

/** Cuts connections off on which an answer waits for too long, or for too many others. */
export function boundUnreadAnswers(
  server: Server,
  { timeoutMs, maxAnswers }: UnreadAnswersOptions,
): void {
  const unread = new Set<ServerResponse>()
  // Before the one who answers, who may have written all when he returns.
  server.prependListener('request', (_request, response) => {
    let timer: NodeJS.Timeout | undefined
    let isOver = false
    const end = () => {
      isOver = true
      clearTimeout(timer)
      unread.delete(response)
    }
    // `prefinish`: all is written; `finish`: the system has taken all of it.
    response.once('prefinish', () => {
      if (isOver) return // its client left before all was written
      timer = setTimeout(() => response.destroy(), timeoutMs).unref()
      if (response.writableLength <= SHORT_BYTES) return
      unread.add(response)
      const [first] = unread
      if (unread.size > maxAnswers) first?.destroy()
    })
    response.once('finish', end)
    response.once('close', end)
  })
}
