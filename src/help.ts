// What `--help` prints.

import { describeSettings } from './config.ts'

export function helpText(): string {
  const settings = describeSettings().map(
    ({ name, fallback, purpose }) => `  ${name}=${fallback}\n      ${purpose}`,
  )
  return `safe-code-executor: runs untrusted Python, each program once in a fresh Docker container.

  npm start                start the server
  npm start -- --help      this text

  curl -s -X POST http://127.0.0.1:5000/run -H 'Content-Type: application/json' -d '{"code":"print(2+2)"}'

Settings are environment variables. With their defaults on this machine:

${settings.join('\n')}
`
}
