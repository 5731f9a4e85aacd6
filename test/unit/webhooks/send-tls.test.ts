// A webhook whose certificate nobody vouches for is told nothing, whatever the environment says.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterEach, expect, it, onTestFinished } from 'vitest'
import { sendWebhook } from '../../../src/webhooks/send.ts'
import { LOOPBACK, message } from './support/messages.ts'

const VERIFIES = 'NODE_TLS_REJECT_UNAUTHORIZED'
const before = process.env[VERIFIES]
afterEach(() => {
  if (before === undefined) delete process.env[VERIFIES]
  else process.env[VERIFIES] = before
})

/** A receiver with a certificate of its own making. */
async function tlsReceiver() {
  const folder = mkdtempSync(`${tmpdir()}/webhook-`)
  const [cert, key] = [`${folder}/certificate.pem`, `${folder}/key.pem`]
  await execa('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  ])
  const seen = { requests: 0 }
  const server = createServer(
    { cert: readFileSync(cert), key: readFileSync(key) },
    (_, response) => {
      seen.requests += 1
      response.end()
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  return { seen, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

it.each([undefined, '0'])(`with ${VERIFIES} %s`, async (value) => {
  const { seen, url } = await tlsReceiver()
  if (value) process.env[VERIFIES] = value
  const end = await sendWebhook(message(url), { isAllowed: LOOPBACK, version: '1' })
  expect(end).toEqual({ end: 'retry', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT', retryAfterMs: 0 })
  expect(seen.requests).toBe(0)
})
