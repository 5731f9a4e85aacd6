// Benchmarks of the environment `data` and of streaming.

import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { createClient } from '../src/client/client.ts'
import { parseConfig } from '../src/config/config.ts'
import { dockerRunArgs } from '../src/engines/printed-limits.ts'
import { builtImage } from '../src/environments/environment.ts'
import { containerSpec } from '../src/executor/spec.ts'
import {
  milliseconds,
  ms,
  PROGRAM,
  percentile,
  ROUNDS,
  report,
  type Server,
  spread,
  startServer,
} from './bench-support.ts'

const IMPORTS = 'import pandas, numpy, matplotlib.pyplot'
/** How long a used container of `data` takes to be replaced, in milliseconds: its imports take seconds. */
const DATA_REFILL_MS = 4000
const REFILL_MS = 1500
/** Below the limit of output, so that nothing is cut. */
const STREAMED_BYTES = 1_000_000
const WRITER = `import sys\nfor _ in range(${STREAMED_BYTES / 10_000}): sys.stdout.write("x" * 9999 + "\\n")`

const clientOf = ({ port }: Server) => createClient({ url: `http://127.0.0.1:${port}` })

/** Importing the libraries: a run with them warm, against a bare python3 of the same image. */
export async function dataImport(): Promise<void> {
  console.error('environment data')
  // Half as many containers of `data` as of the default environment wait.
  const server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '4' })
  const client = clientOf(server)
  const bare = await barePython()
  const bareTimes: number[] = []
  const warmTimes: number[] = []
  await pause(DATA_REFILL_MS * 2)
  for (let round = 0; round < ROUNDS; round += 1) {
    bareTimes.push(await bare.milliseconds())
    await pause(DATA_REFILL_MS)
    warmTimes.push(
      await milliseconds(async () => {
        const { status } = await client.run({ code: IMPORTS, environment: 'data' })
        if (status !== 'ok') throw new Error(status)
      }),
    )
  }
  await bare.stop()
  await server.stop()
  report(`bare python3 -c '${IMPORTS}'`, spread(bareTimes))
  report('POST /run of the same, data, warm', spread(warmTimes))
  const ratio = percentile(bareTimes, 0.5) / percentile(warmTimes, 0.5)
  report('  warm / bare python3, p50', `1/${ratio.toFixed(1)}`, 'at most 1/15')
}

/** A bare python3 with the packages: in a container of the image without limits, timed from inside. */
async function barePython() {
  const timer = `import subprocess, sys, time
for line in sys.stdin:
    start = time.perf_counter()
    subprocess.run(["python3", "-c", ${JSON.stringify(IMPORTS)}], check=True)
    print((time.perf_counter() - start) * 1000, flush=True)`
  const { DOCKER_BIN } = parseConfig({})
  const container = execa(
    DOCKER_BIN,
    [
      ...['run', '--rm', '--interactive', '--pull', 'never', '--network', 'none'],
      ...[builtImage('data'), 'python3', '-c', timer],
    ],
    { buffer: false, stderr: 'ignore' },
  )
  const lines = createInterface(container.stdout)[Symbol.asyncIterator]()
  return {
    milliseconds: async () => {
      container.stdin.write('\n')
      return Number((await lines.next()).value)
    },
    stop: async () => {
      container.stdin.end()
      await container
    },
  }
}

/** The first byte of a stream against a whole warm run, and a megabyte against a plain pipe. */
export async function streaming(): Promise<void> {
  console.error('streaming')
  const server = await startServer({})
  const client = clientOf(server)
  const whole: number[] = []
  const firstByte: number[] = []
  await pause(5000)
  for (let round = 0; round < ROUNDS; round += 1) {
    whole.push(await milliseconds(() => client.run({ code: PROGRAM })))
    await pause(REFILL_MS)
    firstByte.push(
      await milliseconds(async () => {
        for await (const event of client.stream({
          code: 'import time\nprint(1, flush=True); time.sleep(3)',
        })) {
          if (event.type === 'stdout') return
        }
      }),
    )
    await pause(REFILL_MS)
  }
  report('POST /run, warm', spread(whole))
  report('first streamed byte, warm', spread(firstByte))
  const ratio = percentile(firstByte, 0.5) / percentile(whole, 0.5)
  report('  first streamed byte / warm run, p50', ratio.toFixed(2), 'at most 1.5')

  const plain: Transfer[] = []
  const streamed: Transfer[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await plainTransfer())
    await pause(REFILL_MS)
    streamed.push(await streamTransfer(client))
    await pause(REFILL_MS)
  }
  await server.stop()
  const compare = (what: string, pick: (transfer: Transfer) => number, wanted?: string) => {
    const times = [plain, streamed].map((transfers) => percentile(transfers.map(pick), 0.5))
    const [plainMs = 0, streamedMs = 0] = times
    report(`1 MB from a plain docker run, ${what}`, `p50 ${ms(plainMs)}`)
    report(`1 MB streamed, ${what}`, `p50 ${ms(streamedMs)}`)
    report('  speed streamed / plain', (plainMs / streamedMs).toFixed(2), wanted)
  }
  compare('from the start to the last byte', ({ wholeMs }) => wholeMs, 'at least 0.5')
  compare('from the first to the last byte', ({ flowMs }) => flowMs)
}

/** How long output took to come, in milliseconds. */
interface Transfer {
  /** From the request, or the start of the command, to the last byte. */
  wholeMs: number
  /** From the first byte to the last. */
  flowMs: number
}

/** Times what calls `take` with each part of the output. */
async function transfer(
  produce: (take: (bytes: number) => void) => Promise<unknown>,
): Promise<Transfer> {
  const start = performance.now()
  let first = 0
  let last = 0
  let bytes = 0
  await produce((size) => {
    last = performance.now()
    first ||= last
    bytes += size
  })
  if (bytes !== STREAMED_BYTES) throw new Error(`${bytes} bytes`)
  return { wholeMs: last - start, flowMs: last - first }
}

function streamTransfer(client: ReturnType<typeof clientOf>): Promise<Transfer> {
  return transfer(async (take) => {
    for await (const event of client.stream({ code: WRITER })) {
      if (event.type === 'stdout') take(event.text.length)
    }
  })
}

function plainTransfer(): Promise<Transfer> {
  const config = parseConfig({})
  const name = `safe-code-executor-bench-${process.hrtime.bigint()}`
  const args = dockerRunArgs({ name, userId: 20_000 }, containerSpec(config, 'bench'), [
    ...['python3', '-I', '-u', '-c', WRITER],
  ])
  return transfer((take) => {
    const run = execa(config.DOCKER_BIN, args, { buffer: false, stdin: 'ignore', stderr: 'ignore' })
    run.stdout.on('data', (chunk: Buffer) => take(chunk.length))
    return run
  })
}
