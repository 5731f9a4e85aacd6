// The help texts of `serve` and `worker`, and the tables of settings in the documentation.

import { describeSettings, type Machine, type SettingHelp } from '../config/config.ts'

/** The machine whose defaults the documentation shows. */
const DOCUMENTED_MACHINE: Machine = { cores: 4, memoryBytes: 8 * 1024 ** 3 }

/** Settings under their headings. */
function grouped(
  settings: SettingHelp[],
  heading: (group: string) => string,
  row: (setting: SettingHelp) => string,
): string {
  return settings
    .map((one, index) => {
      const isFirst = one.group !== settings[index - 1]?.group
      return (isFirst ? heading(one.group) : '') + row(one)
    })
    .join('\n')
}

/** The help text of `serve`, after its usage. */
export function serveHelp(): string {
  const settings = grouped(
    describeSettings(),
    (group) => `\n${group}:\n`,
    ({ name, fallback, purpose }) => `  ${name}=${fallback}\n      ${purpose}`,
  )
  return `
  npm start                installs what is missing, and starts the server
  npm start -- --help      this text

  curl -s -X POST http://127.0.0.1:5000/run -H 'Content-Type: application/json' -d '{"code":"print(2+2)"}'

Settings are environment variables. With their defaults on this machine:
${settings}
`
}

/** The help text of `worker`, after its usage. */
export function workerHelp(): string {
  return `
  REDIS_URL=redis://127.0.0.1:6379 safe-code-executor worker
  EXECUTOR=queue REDIS_URL=redis://127.0.0.1:6379 safe-code-executor serve

Settings are environment variables, the same as those of \`safe-code-executor serve --help\`. Servers and workers must have
the same REDIS_URL and QUEUE_PREFIX, and should have the same limits. On SIGTERM a worker takes no more programs, and lets
active runs continue for DRAIN_SECONDS.
`
}

/** The settings as Markdown: a heading and a table for each group. */
export function settingsTables(): string {
  return grouped(
    describeSettings(DOCUMENTED_MACHINE),
    (group) => `\n## ${group}\n\n| variable | default | meaning |\n| --- | --- | --- |\n`,
    ({ name, fallback, purpose }) =>
      `| \`${name}\` | ${fallback && `\`${fallback}\``} | ${purpose} |`,
  ).trimStart()
}

/** A document with the tables between its two markers made anew. */
export function withSettingsTable(document: string): string {
  return document.replace(
    /<!-- settings -->[\s\S]*<!-- \/settings -->/,
    () => `<!-- settings -->\n\n${settingsTables()}\n\n<!-- /settings -->`,
  )
}
