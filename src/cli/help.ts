// The texts of `--help`, and the tables of settings in docs/configuration.md.

import { describeSettings, type Machine } from '../config/config.ts'

/** The machine whose defaults docs/configuration.md shows. */
const DOCUMENT_MACHINE: Machine = { cores: 4, memoryBytes: 8 * 1024 ** 3 }

/** The groups of settings in docs/configuration.md, each with the name of its first setting. */
const GROUPS: Readonly<Record<string, string>> = {
  HOST: 'Address, keys and log',
  DEFAULT_TIMEOUT_SECONDS: 'Limits of a run',
  RATE_LIMIT: 'Rates and queue',
  MAX_QUEUED: 'Asynchronous runs and webhooks',
  DATABASE_URL: 'Run log',
  READ_ONLY_MOUNTS: 'Containers and environments',
  DRAIN_NOTICE_SECONDS: 'Stopping',
  MAX_RUNNING: 'Capacity',
}

/** What follows the usage in the help of `serve`. */
export function serveHelp(): string {
  const settings = describeSettings().map(
    ({ name, fallback, purpose }) => `  ${name}=${fallback}\n      ${purpose}`,
  )
  return `
  npm start                sets up what is missing, and starts the server
  npm start -- --help      this text

  curl -s -X POST http://127.0.0.1:5000/run -H 'Content-Type: application/json' -d '{"code":"print(2+2)"}'

Settings are environment variables. With their defaults on this machine:

${settings.join('\n')}
`
}

/** What follows the usage in the help of `worker`. */
export function workerHelp(): string {
  return `
  REDIS_URL=redis://127.0.0.1:6379 safe-code-executor worker
  EXECUTOR=queue REDIS_URL=redis://127.0.0.1:6379 safe-code-executor serve

Settings are environment variables, the same as those of \`safe-code-executor serve --help\`. Servers and workers must have
the same REDIS_URL and QUEUE_PREFIX, and should have the same limits. SIGTERM: takes no more programs, lets those that
run end for DRAIN_SECONDS.
`
}

/** A document with the tables of settings between its two markers made anew, one under a heading for each group. */
export function withSettingsTable(document: string): string {
  const rows = describeSettings(DOCUMENT_MACHINE).map(({ name, fallback, purpose }) => {
    const row = `| \`${name}\` | ${fallback && `\`${fallback}\``} | ${purpose} |\n`
    const group = GROUPS[name]
    return group
      ? `\n## ${group}\n\n| variable | default | meaning |\n| --- | --- | --- |\n${row}`
      : row
  })
  return document.replace(
    /<!-- settings -->[\s\S]*<!-- \/settings -->/,
    () => `<!-- settings -->\n${rows.join('')}\n<!-- /settings -->`,
  )
}
