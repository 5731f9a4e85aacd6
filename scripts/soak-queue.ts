// npm run soak:queue: what may go wrong in a queue, in two parts; with the name of one, that one.
//   npm run soak:queue
//   npm run soak:queue -- kills 10000     so many runs while a worker is killed every second: fails where one of them has no
//                                         end, or two, or went on twice at the same time
//   npm run soak:queue -- results 200     so many runs with the largest results that there are, and half as many that somebody
//                                         waits for, on 32 places and a Redis of 256 MB: fails where it takes more, or a run
//                                         does not end as its program did

import { startCluster } from '../test/services/queue/cluster.ts'
import { chaos } from '../test/support/queue-chaos.ts'
import { largestResults } from '../test/support/queue-results.ts'
import { redisService } from '../test/support/services.ts'

/** How often it says how far it has come, in milliseconds. */
const TELL_MS = 5000
const MEBIBYTE = 2 ** 20

const PARTS: Record<string, { soak: (count: number) => Promise<number>; count: number }> = {
  kills: { soak: soakKills, count: 10_000 },
  results: { soak: soakResults, count: 200 },
}

const [part, given] = process.argv.slice(2)
const chosen = part === undefined ? Object.values(PARTS) : [PARTS[part]]
let faults = 0
for (const one of chosen) {
  if (!one) throw new Error(`the parts are ${Object.keys(PARTS).join(', ')}`)
  faults += await one.soak(Number(given ?? one.count))
}
process.exit(faults === 0 ? 0 : 1)

/** How many faults there were. */
async function soakKills(count: number): Promise<number> {
  const redis = await redisService()
  // What is promised to the runs of a worker that was killed stays so until their leases are over.
  const cluster = startCluster(redis.url, {
    ...{ ENVIRONMENTS: 'python', MAX_QUEUED: '5000', MAX_RESULTS_MB: '4096' },
  })
  const { asyncRuns: runs } = cluster.server()
  const tell = teller()
  const startedAtMs = performance.now()
  const report = await chaos({
    ...{ runs, queue: cluster.queue, url: redis.url, prefix: cluster.config.QUEUE_PREFIX, count },
    ...{ processes: 4, slots: 8, programMs: [20, 200], killMs: 1000 },
    onProgress: (ended, kills) =>
      tell(`${ended} of ${count} have ended, ${kills} workers were killed`),
  })
  const seconds = Math.round((performance.now() - startedAtMs) / 1000)
  const left = await cluster.queue.redis.zcard(cluster.queue.key('live'))
  await cluster.close()
  await redis.remove()
  console.log(JSON.stringify({ count, seconds, left, ...report }, null, 2))
  const { wrong, overlaps, startedAgain } = report
  const found = wrong.length + overlaps.length + startedAgain.length + left
  console.log(found === 0 ? 'every run had one end' : `${found} faults`)
  return found
}

/** How many faults there were. */
async function soakResults(count: number): Promise<number> {
  const redis = await redisService({ isKept: true, maxMemoryBytes: 256 * MEBIBYTE })
  const cluster = startCluster(redis.url, {
    ...{ ENVIRONMENTS: 'python', MAX_RESULTS_MB: '128', MAX_WAIT_SECONDS: '600' },
  })
  const { asyncRuns: runs, executor } = cluster.server()
  const tell = teller()
  const report = await largestResults({
    ...{ runs, executor, queue: cluster.queue, url: redis.url },
    ...{ prefix: cluster.config.QUEUE_PREFIX, count, waitedFor: count / 2, processes: 4, slots: 8 },
    onProgress: (ended, usedBytes) =>
      tell(`${ended} of ${count} have ended, Redis takes ${Math.round(usedBytes / MEBIBYTE)} MB`),
  })
  await cluster.close()
  await redis.remove()
  console.log(JSON.stringify({ count, ...report }, null, 2))
  const { peakBytes, maxBytes, refused, ends, reservedBytes } = report
  const { finished = 0, 'waited for: ok': waitedFor = 0 } = ends
  const isOver = peakBytes > maxBytes ? 1 : 0
  const found = count - finished + (count / 2 - waitedFor) + isOver + refused + reservedBytes
  console.log(found === 0 ? 'Redis never passed its limit' : `${found} faults`)
  return found
}

/** Says something now and then. */
function teller(): (text: string) => void {
  let toldAtMs = 0
  return (text) => {
    if (performance.now() - toldAtMs < TELL_MS) return
    toldAtMs = performance.now()
    console.error(text)
  }
}
