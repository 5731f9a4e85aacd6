// safe-code-executor setup: makes this machine ready to run programs, from an installed package.

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { execa } from 'execa'

const SCRIPT = fileURLToPath(new URL('../../scripts/setup.sh', import.meta.url))

const HELP = `
Finds the Docker engine, or installs it from the packages of Debian or Ubuntu if it is missing and you are root, and builds
the images that programs run in. Every step is announced. Nothing is done that was done before.

  ENVIRONMENTS=python,data   also the image of the environment data
  ENVIRONMENTS_DIR=FOLDER    a folder with environments of your own
  ENGINE=runc, ENGINE=crun   also that runtime, and the images unpacked for it; as root. Builds the images with buildah
                             where no Docker engine answers
  SETUP_DOCKER=0             never installs or starts an engine
  SETUP_GVISOR=1             installs gVisor (runsc) and registers it with the engine
  BASE_IMAGE=IMAGE           another Debian to build on
  PIP_INDEX_URL=URL          where pip finds the requirements of environments; also PIP_EXTRA_INDEX_URL, PIP_TRUSTED_HOST`

/** The command `setup`. */
export function setupCommand(): Command {
  return new Command('setup')
    .summary('prepare this machine')
    .description('Finds or installs a container engine, and builds the images.')
    .addHelpText('after', HELP)
    .action(() => runSetup(process.env))
}

/**
 * Prepares an engine and builds the images of ENVIRONMENTS.
 * @throws {Error} if it fails; it has said why.
 */
export async function runSetup(env: NodeJS.ProcessEnv): Promise<void> {
  const { ENVIRONMENTS_DIR: folder } = env
  const { failed, exitCode } = await execa('sh', [SCRIPT, 'images'], {
    stdio: 'inherit',
    reject: false,
    // The script works in the package's folder.
    env: { ...env, ...(folder && { ENVIRONMENTS_DIR: resolve(folder) }) },
  })
  if (failed) throw new Error(`setup ended with ${exitCode ?? 'a signal'}`)
}
