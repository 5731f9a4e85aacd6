// safe-code-executor setup: makes this machine ready to run programs, from an installed package.

import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { execa } from 'execa'

const SCRIPT = fileURLToPath(new URL('../../scripts/setup.sh', import.meta.url))

const HELP = `
Finds the Docker engine, installs Debian's where there is none and this is root on Debian or Ubuntu, and builds the images
that programs run in. It does nothing where all is there, and says what it does before it does it.

  ENVIRONMENTS=python,data   the image of the environment data too
  SETUP_DOCKER=0             never installs or starts an engine
  SETUP_GVISOR=1             installs gVisor (runsc) and registers it with the engine
  BASE_IMAGE=IMAGE           another Debian to build on`

/** The command `setup`. */
export function setupCommand(): Command {
  return new Command('setup')
    .summary('make this machine ready')
    .description('Builds the images that programs run in, and sees to the engine.')
    .addHelpText('after', HELP)
    .action(async () => {
      const { failed, exitCode } = await execa('sh', [SCRIPT, 'images'], {
        stdio: 'inherit',
        reject: false,
      })
      if (failed) throw new Error(`setup ended with ${exitCode ?? 'a signal'}`)
    })
}
