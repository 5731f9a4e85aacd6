// npm run bench -- unread: how soon the server says that it is alive while nobody reads its largest answers.

import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { milliseconds, report, type Server, spread, startServer } from './bench-support.ts'
import { LARGEST_RUN } from './largest-result.ts'

/** Answers that are asked for and not read. */
const UNREAD = 40
const LOOKS = 200
const MEBIBYTE = 2 ** 20

function health({ port, agent }: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get({ port, agent, path: '/healthz' }, (answer) => {
      answer.resume()
      answer.once('end', resolve)
    })
    asked.once('error', reject)
  })
}

async function looks(server: Server): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < LOOKS; n += 1) {
    times.push(await milliseconds(() => health(server)))
    await pause(10)
  }
  return times
}

/** Submits the run and waits for its end. */
async function endedRun(url: string): Promise<string> {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${url}/runs`, { method: 'POST', headers, body: LARGEST_RUN })
  const { id } = (await answer.json()) as { id: string }
  for (;;) {
    const found = await (await fetch(`${url}/runs/${id}`)).text()
    if (found.includes('"state":"finished"')) {
      report('the largest result, as it is sent', `${(found.length / MEBIBYTE).toFixed(1)} MiB`)
      return id
    }
    await pause(100)
  }
}

export async function unread(): Promise<void> {
  console.error('unread')
  const server = await startServer({})
  try {
    const id = await endedRun(`http://127.0.0.1:${server.port}`)
    report('/healthz', spread(await looks(server)))
    const sockets = Array.from({ length: UNREAD }, () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.pause().on('error', () => {})
      socket.write(`GET /runs/${id} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      return socket
    })
    report(
      `/healthz, with ${UNREAD} of these asked for and not read`,
      spread(await looks(server)),
      'p99 under 250 ms',
    )
    const status = readFileSync(`/proc/${server.pid}/status`, 'latin1')
    const kib = Number(status.match(/VmHWM:\s+(\d+)/)?.[1])
    report('  most memory', `${(kib / 1024).toFixed(0)} MB`, 'under 400 MB')
    for (const socket of sockets) socket.destroy()
  } finally {
    await server.stop()
  }
}
