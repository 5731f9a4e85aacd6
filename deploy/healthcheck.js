// Ends with 0 where the server of this container answers. Docker calls it.

const { HOST = '127.0.0.1', PORT = '5000' } = process.env
// Where it listens on every address, loopback is one of them.
const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[HOST] ?? HOST
const url = `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/healthz`

const answer = await fetch(url).catch(() => undefined)
process.exitCode = answer?.ok ? 0 : 1
