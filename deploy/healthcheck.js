// Ends with 0 if the server of this container answers. Docker calls it.

const { HOST = '127.0.0.1', PORT = '5000' } = process.env
// A server that listens on every address listens on loopback too.
const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[HOST] ?? HOST
const url = `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/healthz`

const answer = await fetch(url).catch(() => undefined)
process.exitCode = answer?.ok ? 0 : 1
