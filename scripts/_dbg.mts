import { chaos } from '../test/support/queue-chaos.ts'
import { startCluster } from '../test/services/queue/cluster.ts'
const cluster = startCluster('redis://127.0.0.1:7777', { ENVIRONMENTS: 'python', MAX_QUEUED: '5000' })
const { asyncRuns: runs } = cluster.server()
let last=0, since=performance.now()
console.log('prefix', cluster.config.QUEUE_PREFIX)
const rep = await chaos({ runs, queue: cluster.queue, url: 'redis://127.0.0.1:7777', prefix: cluster.config.QUEUE_PREFIX, count: 800, processes: 4, slots: 8, programMs: [20,200], killMs: 1000, onProgress: async (ended) => {
  if (ended!==last){last=ended; since=performance.now()}
  if (performance.now()-since>25000){ since=Infinity
    const q=cluster.queue; const ids=await q.redis.zrange(q.key('live'),0,-1,'WITHSCORES'); console.log('live',ids,'now',await q.redis.time(), 'sweeper', await q.redis.pttl(q.key('sweeper')))
    for (let i=0;i<ids.length;i+=2){ console.log(await q.redis.hgetall(q.key('run:'+ids[i]))); console.log(await q.redis.xrange(q.key('events:'+ids[i]),'-','+')); const b=q.queues.get('python')!; console.log(await b.getJobCounts()); for (const a of [0,1,2,3]) { const j=await b.getJob(ids[i]+'-'+a); if (j) console.log('job',a,await j.getState(), j.toJSON()) } }
    process.exit()
  }
}})
console.log(rep); process.exit()
