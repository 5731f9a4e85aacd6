// .github/workflows/: they can be run only where there is a remote, so what they name is looked for here.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'

interface Job {
  'runs-on'?: string
  'timeout-minutes'?: number
  strategy?: { matrix: Record<string, (string | number)[]> }
  steps?: { run?: string; uses?: string }[]
}

const FOLDER = '.github/workflows'
const { scripts, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>
  engines: { node: string }
}

/** The commands of a job, one for each value that its matrix gives them. */
function commandsOf({ strategy, steps = [] }: Job): string[] {
  const commands = steps.flatMap(({ run }) => run ?? [])
  return Object.entries(strategy?.matrix ?? {}).reduce(
    (all, [name, values]) =>
      all.flatMap((command) =>
        command.includes(`matrix.${name} }}`)
          ? values.map((value) => command.replaceAll(`\${{ matrix.${name} }}`, String(value)))
          : command,
      ),
    commands,
  )
}

/** The scripts of package.json that a command runs. */
const scriptsOf = (command: string) =>
  [...command.matchAll(/\bnpm (?:run (\S+)|(test)\b)/g)].map(([, run, test]) => run ?? test)

describe.each(readdirSync(FOLDER))('%s', (file) => {
  const document = parseDocument(readFileSync(`${FOLDER}/${file}`, 'utf8'), { strict: true })
  const { jobs, permissions } = document.toJS() as {
    jobs: Record<string, Job>
    permissions?: object
  }

  it('is YAML, and says what its token may', () => {
    expect([...document.errors, ...document.warnings]).toEqual([])
    expect(permissions).toMatchObject({ contents: 'read' })
  })

  it.each(Object.entries(jobs))(
    '%s: has a machine, an end, and scripts that there are',
    (_, job) => {
      expect(job['runs-on']).toMatch(/^ubuntu-/)
      expect(job['timeout-minutes']).toBeGreaterThan(0)
      for (const { run, uses } of job.steps ?? []) expect(run ?? uses).toBeTruthy()
      const called = commandsOf(job).flatMap(scriptsOf)
      expect(called).not.toEqual([])
      for (const name of called) expect(Object.keys(scripts)).toContain(name)
    },
  )
})

it('tries the oldest Node that package.json allows, and those that .ci/run has beside it', () => {
  const { jobs } = parseDocument(readFileSync(`${FOLDER}/ci.yml`, 'utf8')).toJS() as {
    jobs: Record<string, Job>
  }
  const versions = jobs.unit?.strategy?.matrix.node ?? []
  expect(engines.node).toContain(`>=${versions[0]}.`)
  expect(readFileSync('.ci/run', 'utf8')).toContain(
    `for node in ${versions.slice(1).join(' ')}; do`,
  )
})

it('calls scripts whose files are there', () => {
  const files = Object.values(scripts).flatMap((text) => text.match(/scripts\/[\w/.-]+/g) ?? [])
  expect(files.filter((file) => !existsSync(file))).toEqual([])
})
