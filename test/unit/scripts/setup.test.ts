// scripts/setup.sh with a fake `docker` and a fake `npm`: what it leaves where it is interrupted, and where images change.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** Keeps images as files: their names are links to ids, and an id's file has the label. */
const DOCKER = `#!/bin/sh
cd "$FAKE/images"
echo "$*" >>"$FAKE/calls"
for last; do :; done
case "$1 $2" in
  'version --format') echo 1 ;;
  'image inspect')
    [ -e "$last" ] || { echo "No such image: $last" >&2; exit 1; }
    case "$4" in *Id*) readlink "$last" ;; *) cat "$last" ;; esac ;;
  'image prune') ;;
  'network inspect') ;;
  'tag '*) ln -sfn "$(readlink "$2")" "$3" ;;
  'build '*)
    [ ! -e "$FAKE/fails" ] || exit 1
    count=$(($(cat "$FAKE/count" 2>/dev/null || echo 0) + 1))
    echo $count >"$FAKE/count"
    while [ $# -gt 1 ]; do
      case "$1" in
        --label) echo "\${2#*=}" >"id-$count" ;;
        --tag) ln -sfn "$PWD/id-$count" "$2" ;;
      esac
      shift
    done ;;
esac
`

/** Installs what the lock file says, halfway where it is told to, with a compiler that copies. */
const NPM = `#!/bin/sh
[ "$1" = ci ] || exit 0
echo "$*" >>"$FAKE/calls"
rm -rf node_modules
mkdir -p node_modules/.bin
[ ! -e "$FAKE/fails" ] || exit 1
cp package-lock.json node_modules/installed
cp "$FAKE/tsc" node_modules/.bin/tsc
`
const TSC = `#!/bin/sh
for last; do :; done
mkdir -p "$last"
cp src/main.ts "$last/main.js"
`
/** A server that knows what the image of an environment is made of: the runner, or an image of the operator's. */
const MAIN = `
const { readFileSync } = require('node:fs')
const [, , command, , name] = process.argv
if (command === 'environment') {
  const prebuilt = process.env.PREBUILT
  console.log(prebuilt ? prebuilt + ' prebuilt' : 'safe-code-executor-' + name + ' ' + readFileSync('sandbox/runner.py').length)
}
`
/** Moves, and ends as one does that was interrupted right after it. */
const MV = `#!/bin/sh
/bin/mv "$@"
[ ! -e "$FAKE/fails" ]
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'))
  for (const name of ['scripts', 'sandbox']) cpSync(name, join(folder, name), { recursive: true })
  mkdirSync(join(folder, 'fake', 'images'), { recursive: true })
  writeFileSync(join(folder, 'fake', 'images', 'base'), '')
  program('docker', DOCKER)
  program('npm', NPM)
  program('tsc', TSC)
  program('mv', MV)
  mkdirSync(join(folder, 'src'))
  write('src/main.ts', MAIN)
  for (const name of ['tsconfig.json', 'tsconfig.build.json']) write(name, '{}')
  write('package.json', '{}')
  write('package-lock.json', '1')
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

function program(name: string, text: string) {
  write(`fake/${name}`, text)
  chmodSync(join(folder, 'fake', name), 0o755)
}

/** Of the step, which fails from now on or does not. */
function setFails(fails: boolean) {
  if (fails) write('fake/fails', '')
  else rmSync(join(folder, 'fake', 'fails'), { force: true })
}

function setup(what: string, settings: Record<string, string> = {}) {
  const fake = join(folder, 'fake')
  return execa('sh', [join(folder, 'scripts', 'setup.sh'), what], {
    reject: false,
    env: {
      ...{ FAKE: fake, PATH: `${fake}:${process.env.PATH}`, DOCKER_BIN: join(fake, 'docker') },
      ...{ BASE_IMAGE: 'base', ENVIRONMENTS: 'python', ...settings },
    },
  })
}

describe('npm packages', () => {
  it('are installed once', async () => {
    expect((await setup('packages')).exitCode).toBe(0)
    expect((await setup('packages')).exitCode).toBe(0)
    expect(read('fake/calls')).toBe('ci\n')
  })

  it('are installed again after an attempt that failed, though it was for another commit', async () => {
    await setup('packages')
    write('package-lock.json', '2')
    setFails(true)
    expect((await setup('packages')).exitCode).toBe(1)
    write('package-lock.json', '1')
    setFails(false)
    expect((await setup('packages')).exitCode).toBe(0)
    expect(read('node_modules/installed')).toBe('1')
  })

  it('are installed again after an attempt that failed, where they had been removed', async () => {
    await setup('packages')
    rmSync(join(folder, 'node_modules'), { recursive: true })
    setFails(true)
    expect((await setup('packages')).exitCode).toBe(1)
    setFails(false)
    expect((await setup('packages')).exitCode).toBe(0)
    expect(read('node_modules/installed')).toBe('1')
  })
})

describe('what is compiled', () => {
  it('is compiled again after an end between the last step and the note of it', async () => {
    write('src/main.ts', `${MAIN}// 1`)
    expect((await setup('start')).exitCode).toBe(0)
    write('src/main.ts', `${MAIN}// 2`)
    setFails(true)
    expect((await setup('start')).exitCode).toBe(1)
    expect(read('dist/main.js')).toBe(`${MAIN}// 2`)
    write('src/main.ts', `${MAIN}// 1`)
    setFails(false)
    expect((await setup('start')).exitCode).toBe(0)
    expect(read('dist/main.js')).toBe(`${MAIN}// 1`)
  })
})

describe('the image', () => {
  const PYTHON = 'safe-code-executor-python'
  const idOf = (name: string) =>
    existsSync(join(folder, 'fake/images', name))
      ? basename(readlinkSync(join(folder, 'fake/images', name)))
      : undefined

  it('is built once, and keeps no other', async () => {
    expect((await setup('images')).exitCode).toBe(0)
    expect((await setup('images')).exitCode).toBe(0)
    expect(idOf(PYTHON)).toBe('id-1')
    expect(idOf(`${PYTHON}:previous`)).toBeUndefined()
  })

  it('that had the name before stays: a server that runs still starts containers of it', async () => {
    await setup('images')
    write('sandbox/runner.py', '22')
    await setup('images')
    expect([idOf(PYTHON), idOf(`${PYTHON}:previous`)]).toEqual(['id-2', 'id-1'])
    write('sandbox/runner.py', '333')
    await setup('images')
    expect([idOf(PYTHON), idOf(`${PYTHON}:previous`)]).toEqual(['id-3', 'id-2'])
  })

  it('keeps its name where the next one can’t be built', async () => {
    await setup('images')
    write('sandbox/runner.py', '22')
    setFails(true)
    expect((await setup('images')).exitCode).toBe(1)
    expect(idOf(PYTHON)).toBe('id-1')
  })

  it('of the operator is used as it is: never built, never tagged', async () => {
    const name = 'registry.example/python:1.2'
    mkdirSync(join(folder, 'fake/images/registry.example'), { recursive: true })
    const missing = await setup('images', { PREBUILT: name })
    expect(missing.exitCode).toBe(1)
    expect(missing.stderr).toContain(
      `The image ${name} of the environment python is not in this engine`,
    )
    write(`fake/images/${name}`, 'made elsewhere')
    write('sandbox/runner.py', '22')
    expect((await setup('images', { PREBUILT: name })).exitCode).toBe(0)
    expect(read(`fake/images/${name}`)).toBe('made elsewhere')
    expect(existsSync(join(folder, 'fake/count'))).toBe(false)
  })
})

describe('start.sh', () => {
  it.each([
    ['serve', '--help'],
    ['serve', '-h'],
    ['environment', 'list'], // sets up what it needs itself
  ])('with %s %s compiles, and asks no engine', async (command, flag) => {
    write('src/main.ts', 'console.log(process.argv.slice(2).join(" "))')
    const fake = join(folder, 'fake')
    const { stdout, exitCode } = await execa(
      'sh',
      [join(folder, 'scripts', 'start.sh'), command, flag],
      {
        env: { FAKE: fake, PATH: `${fake}:${process.env.PATH}`, DOCKER_BIN: join(fake, 'docker') },
      },
    )
    expect({ stdout, exitCode }).toEqual({ stdout: `${command} ${flag}`, exitCode: 0 })
    expect(read('fake/calls')).toBe('ci\n')
  })
})
