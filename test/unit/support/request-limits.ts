// Limits of requests where all environments have the same.

import type { EnvironmentTimes, RequestLimits } from '../../../src/run/request.ts'

export function limitsOf(
  [first, ...others]: [string, ...string[]],
  {
    maxCodeBytes = 100,
    maxTimeoutSeconds = 10,
    defaultTimeoutSeconds = 10,
  }: Partial<Pick<RequestLimits, 'maxCodeBytes'> & EnvironmentTimes> = {},
): RequestLimits {
  const times = (name: string) => ({ name, maxTimeoutSeconds, defaultTimeoutSeconds })
  return { maxCodeBytes, environments: [times(first), ...others.map(times)] }
}
