// GET /environments: the environments of programs.

import { Hono } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { Environments } from '../executor/environments.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import { environmentsOperation } from '../openapi/operations.ts'

export function environmentsRoute(environments: Environments) {
  return new Hono<AppEnv>().get('/', describeRoute(environmentsOperation), async (c) =>
    c.json({ environments: await environments.list() }),
  )
}
