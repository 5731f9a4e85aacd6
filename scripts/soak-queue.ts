// npm run soak:queue: ten thousand runs (or as many as is said) while a worker is killed every second. Fails where one of
// them has no end, or two, or went on twice at the same time.
//   npm run soak:queue -- 10000

import { startCluster } from '../test/services/queue/cluster.ts'
import { chaos } from '../test/support/queue-chaos.ts'
import { redisService } from '../test/support/services.ts'

const count = Number(process.argv[2] ?? 10_000)
const redis = await redisService()
const cluster = startCluster(redis.url, { ENVIRONMENTS: 'python', MAX_QUEUED: '5000' })
const { asyncRuns: runs } = cluster.server()
let toldAtMs = 0
const startedAtMs = performance.now()
const report = await chaos({
  ...{ runs, queue: cluster.queue, url: redis.url, prefix: cluster.config.QUEUE_PREFIX, count },
  ...{ processes: 4, slots: 8, programMs: [20, 200], killMs: 1000 },
  onProgress: (ended, kills) => {
    if (performance.now() - toldAtMs < 5000) return
    toldAtMs = performance.now()
    console.error(`${ended} of ${count} have ended, ${kills} workers were killed`)
  },
})
const seconds = Math.round((performance.now() - startedAtMs) / 1000)
const left = await cluster.queue.redis.zcard(cluster.queue.key('live'))
await cluster.close()
await redis.remove()
console.log(JSON.stringify({ count, seconds, left, ...report }, null, 2))
const { wrong, overlaps, startedAgain } = report
const faults = wrong.length + overlaps.length + startedAgain.length + left
console.log(faults === 0 ? 'every run had one end' : `${faults} faults`)
process.exit(faults === 0 ? 0 : 1)
