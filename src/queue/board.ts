// A look into BullMQ's queues: @bull-board's page, which can only look. What is in them is for the API to change.

import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Queue } from 'bullmq'
import { Hono, type MiddlewareHandler } from 'hono'

export interface QueueBoardOptions {
  /** Where it is. */
  path: string
  /** Links of the page to elsewhere on this server. */
  links: readonly { text: string; url: string }[]
}

/** The page and what it asks for, to be put at its path. A job says no more than which run it is for. */
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
  return new Hono().use(ofThisServer).route('/', serverAdapter.registerPlugin())
}

/** Fonts from elsewhere, and what is shown until the script comes, which has styles in its text. */
const UNWANTED = /<link href="https?:[^>]*>|(?<=<div id="root">)[\s\S]*?<\/style>\s*(?=<\/div>)/g

/** Leaves out of the page what its Content-Security-Policy would stop. */
const ofThisServer: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.get('Content-Type')?.startsWith('text/html')) return
  c.res = new Response((await c.res.text()).replaceAll(UNWANTED, ''), c.res)
}
