// A page about BullMQ's queues: @bull-board, read-only. Only the API changes runs.

import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Queue } from 'bullmq'
import { Hono, type MiddlewareHandler } from 'hono'

export interface QueueBoardOptions {
  /** The path of the page. */
  path: string
  /** Links to other pages of this server. */
  links: readonly { text: string; url: string }[]
}

/** The page and its files, to be mounted at its path. A job has the id of its run, and no code. */
export function queueBoard(queues: Iterable<Queue>, { path, links }: QueueBoardOptions): Hono {
  const serverAdapter = new HonoAdapter(serveStatic)
  serverAdapter.setBasePath(path)
  createBullBoard({
    queues: [...queues].map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Safe Code Executor',
        miscLinks: [...links],
        hideDocsLink: true,
        hideRedisDetails: true,
        pollingInterval: { showSetting: true },
      },
    },
  })
  return new Hono().use(allowedParts).route('/', serverAdapter.registerPlugin())
}

/** Fonts of other hosts, and the placeholder of the page, which has inline styles. */
const UNWANTED = /<link href="https?:[^>]*>|(?<=<div id="root">)[\s\S]*?<\/style>\s*(?=<\/div>)/g

/** Removes the parts of the page that its Content-Security-Policy forbids. */
const allowedParts: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.get('Content-Type')?.startsWith('text/html')) return
  c.res = new Response((await c.res.text()).replaceAll(UNWANTED, ''), c.res)
}
