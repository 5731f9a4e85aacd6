// GET /environments: what programs may run in.

import { Hono } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { AppEnv } from '../app-env.ts'
import type { Environments } from '../environments.ts'
import { environmentsOperation } from '../openapi/operations.ts'

export interface EnvironmentsRouteOptions {
  environments: Environments
}

export function environmentsRoute({ environments }: EnvironmentsRouteOptions) {
  return new Hono<AppEnv>().get('/', describeRoute(environmentsOperation), async (c) =>
    c.json({ environments: await environments.list() }),
  )
}
