// A look into BullMQ's queues: @bull-board's page, which can only look. What is in them is for the API to change.

import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { HonoAdapter } from '@bull-board/hono'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Queue } from 'bullmq'
import type { Hono } from 'hono'

/** The page and what it asks for, to be put at a path. A job says no more than which run it is for. */
export function queueBoard(queues: Iterable<Queue>, path: string): Hono {
  const serverAdapter = new HonoAdapter(serveStatic)
  serverAdapter.setBasePath(path)
  createBullBoard({
    queues: [...queues].map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Safe Code Executor',
        hideRedisDetails: true,
        pollingInterval: { showSetting: true },
      },
    },
  })
  return serverAdapter.registerPlugin()
}
