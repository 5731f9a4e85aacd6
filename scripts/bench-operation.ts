// What keys, rates, the run log and metrics cost a warm answer.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { keyDigest, newKey } from '../src/keys/api-key.ts'
import { postgresService, redisService } from '../test/support/services.ts'
import {
  milliseconds,
  percentile,
  post,
  ROUNDS,
  report,
  spread,
  startServer,
} from './bench-support.ts'

/** How long a used container takes to be replaced, in milliseconds. */
const REFILL_MS = 1200
/** How often somebody reads the metrics, in milliseconds: oftener than Prometheus does. */
const SCRAPE_MS = 5000

/**
 * Warm answers of servers in turns: one with nothing, one as it is by default, one with everything. BENCH_BASELINE may
 * name the dist/main.js of another version, to be measured in the same turns.
 */
export async function operation(): Promise<void> {
  console.error('what operation costs')
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const redis = await redisService()
  const postgres = await postgresService()
  const key = newKey()
  const keys = [{ name: 'bench', sha256: keyDigest(key), rateLimitRequests: 1_000_000 }]
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }))
  const one = { POOL_SIZE: '1' }
  const sqlite = { DATABASE_URL: `file:${join(folder, 'runs.db')}` }
  const baseline = process.env.BENCH_BASELINE
  const servers = {
    ...(baseline && { baseline: await startServer(one, baseline) }),
    nothing: await startServer(one),
    defaults: await startServer({ ...one, ...sqlite, RATE_LIMIT: 'on' }),
    everything: await startServer({
      ...{ ...one, DATABASE_URL: postgres.url, REDIS_URL: redis.url },
      ...{ RATE_LIMIT: 'on', API_KEYS_FILE: join(folder, 'keys.json') },
    }),
  }
  const scraper = setInterval(() => {
    void fetch(`http://127.0.0.1:${servers.everything.port}/metrics`).then((answer) =>
      answer.text(),
    )
  }, SCRAPE_MS)
  const times: Record<string, number[]> = {}
  await pause(6000)
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each after the others have replaced their containers, and each as often the first as the last.
    const turns = Object.entries(servers)
    const first = round % turns.length
    for (const [name, server] of [...turns.slice(first), ...turns.slice(0, first)]) {
      await pause(REFILL_MS)
      const ms = await milliseconds(async () => {
        const status = await post(server, key)
        if (status !== 200) throw new Error(`${name}: status ${status}`)
      })
      times[name] = [...(times[name] ?? []), ms]
    }
  }
  clearInterval(scraper)
  for (const server of Object.values(servers)) await server.stop()
  await redis.remove()
  await postgres.remove()
  rmSync(folder, { recursive: true })
  const p50 = (name: string) => percentile(times[name] ?? [], 0.5)
  const first = baseline ? 'baseline' : 'nothing'
  for (const [name, values] of Object.entries(times))
    report(`POST /run, warm, ${name}`, spread(values))
  for (const [name, asked] of [
    ['defaults', 'under 1.05'],
    ['everything', 'under 1.10'],
  ] as const) {
    report(`  ${name} / ${first}, p50`, (p50(name) / p50(first)).toFixed(3), asked)
  }
}
