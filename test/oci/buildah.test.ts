// A host without Docker: set-up builds the image with buildah, the walls hold, and a program runs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { ENGINE } from '../support/engine.ts'

it('is served by an image that buildah made', async ({ onTestFinished }) => {
  const folder = mkdtempSync(`${tmpdir()}/sce-buildah-`)
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const script = `${folder}/host.sh`
  // The images of this host stay out of sight, and what is made here goes with the mount namespace.
  writeFileSync(
    script,
    `set -e
mkdir -p /var/lib/containers /var/lib/safe-code-executor
mount -t tmpfs -o mode=0700 tmpfs /var/lib/containers
mount -t tmpfs -o mode=0700 tmpfs /var/lib/safe-code-executor
sh scripts/setup.sh images
sh scripts/setup.sh images # finds everything done
node dist/main.js doctor
echo 'import os, pwd; print(pwd.getpwuid(os.getuid()).pw_name, os.getcwd())' | node dist/main.js run -
`,
  )
  const args = ['--mount', '--propagation=private', 'sh', script]
  const { exitCode, stdout, stderr } = await execa('unshare', args, {
    reject: false,
    env: { ENGINE, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
  })
  expect(stderr).toMatch(/building the sandbox image/)
  expect(stderr.match(/building the sandbox image/g)).toHaveLength(1)
  expect(stdout).toMatch(/\n\d+ walls hold, 0 missing/)
  expect(stdout).toMatch(/^nobody \/tmp\/work$/m)
  expect(exitCode).toBe(0)
}, 300_000)
