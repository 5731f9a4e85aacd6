// Bounds the streams that have nothing left to wait for and are not read: each may hold some megabytes.

import type { SharedBound } from '../admission/shared-bound.ts'
import { READ_TIMEOUT_MS } from './unread-bytes.ts'

/** How one stream is bound. */
export interface BoundStream {
  /** Aborts when the stream is cut off, with the error that ends it. */
  cut: AbortSignal
  /** So many bytes are made for it and wait to be read: there is a time for that from now on. */
  complete: (bytes: number) => void
  /** It was read to its end, or nobody reads it any more. */
  done: () => void
}

/** Binds a client's stream. */
export function boundStream(unread: SharedBound, client: string): BoundStream {
  const cutter = new AbortController()
  const cut = () => cutter.abort(new Error('the client reads too slowly'))
  let timer: NodeJS.Timeout | undefined
  let remove = () => {}
  let isRead = false
  const done = () => {
    isRead = true
    clearTimeout(timer)
    remove()
  }
  cutter.signal.addEventListener('abort', done)
  return {
    cut: cutter.signal,
    complete: (bytes) => {
      if (isRead) return
      timer = setTimeout(cut, READ_TIMEOUT_MS)
      timer.unref()
      remove = unread.add(client, bytes, cut)
    },
    done,
  }
}
