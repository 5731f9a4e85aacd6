// What `--help` prints, and the table of settings in README.md.

import { describeSettings, type Machine } from '../config/config.ts'

/** The machine whose defaults README.md shows. */
const README_MACHINE: Machine = { cores: 4, memoryBytes: 8 * 1024 ** 3 }

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

/** A readme with the table between its two markers made anew. */
export function withSettingsTable(readme: string): string {
  const rows = describeSettings(README_MACHINE).map(
    ({ name, fallback, purpose }) =>
      `| \`${name}\` | ${fallback && `\`${fallback}\``} | ${purpose} |`,
  )
  const table = ['| variable | default | what |', '| --- | --- | --- |', ...rows].join('\n')
  return readme.replace(
    /<!-- settings -->[\s\S]*<!-- \/settings -->/,
    () => `<!-- settings -->\n${table}\n<!-- /settings -->`,
  )
}
