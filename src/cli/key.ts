// safe-code-executor key new NAME: makes an API key.

import { Command, Option } from 'commander'
import { apiKeySchema, keyDigest, newKey, RIGHTS } from '../keys/api-key.ts'
import { addToKeyFile } from '../keys/key-file.ts'
import { add, toNumber } from './flags.ts'

const HELP = `
Prints the key once. The file holds only its SHA-256, so the key can't be recovered. A server that runs with this file
accepts the key within two seconds. To revoke a key, remove its entry from the file.

Examples:
  safe-code-executor key new course-a --file keys.json
  safe-code-executor key new bot --file keys.json --requests 60 --window 60 --concurrent 2 --max-timeout 5
  safe-code-executor key new course-b --file keys.json --weight 3
  safe-code-executor key new operator --file keys.json --right run --right read-runs
  API_KEYS_FILE=keys.json safe-code-executor serve`

interface NewKeyFlags {
  file?: string
  right?: string[]
  requests?: number
  window?: number
  concurrent?: number
  weight?: number
  maxTimeout?: number
}

/** The command `key`. */
export function keyCommand(): Command {
  const command = new Command('key')
    .exitOverride()
    .summary('manage API keys')
    .description('Manages API keys.')
  command
    .command('new')
    .exitOverride()
    .summary('create a key')
    .description('Creates an API key and adds it to a key file.')
    .argument('<name>', 'name of the key in logs and statistics')
    .option(
      '--file <path>',
      'the key file; by default API_KEYS_FILE. Without either, the entry is printed',
    )
    .addOption(
      new Option('--right <right>', 'right of the key; may be repeated; by default run')
        .choices(RIGHTS)
        .argParser(add),
    )
    .option('--requests <count>', 'run requests per window', toNumber)
    .option('--window <seconds>', 'length of the window', toNumber)
    .option('--concurrent <count>', 'programs that run at once', toNumber)
    .option('--weight <number>', 'share of the slots, 1 to 100; by default 1', toNumber)
    .option('--max-timeout <seconds>', 'longest time limit that a run may ask for', toNumber)
    .addHelpText('after', HELP)
    .action(newKeyAction)
  return command
}

async function newKeyAction(name: string, flags: NewKeyFlags): Promise<void> {
  const key = newKey()
  const record = apiKeySchema.safeParse({
    name,
    sha256: keyDigest(key),
    rights: flags.right && [...new Set(flags.right)],
    rateLimitRequests: flags.requests,
    rateLimitWindowSeconds: flags.window,
    maxConcurrent: flags.concurrent,
    weight: flags.weight,
    maxTimeoutSeconds: flags.maxTimeout,
  })
  if (!record.success) {
    const lines = record.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
    throw new Error(`The key is not valid:\n${lines.join('\n')}`)
  }
  const file = flags.file ?? process.env.API_KEYS_FILE
  if (file) {
    await addToKeyFile(file, record.data)
    process.stderr.write(`Added ${name} to ${file}. This is the key; it is not shown again:\n`)
  } else {
    process.stderr.write(
      `No key file was named (--file, or API_KEYS_FILE). Add this entry to "keys" in one:\n${JSON.stringify(record.data)}\n` +
        'This is the key; it is not shown again:\n',
    )
  }
  process.stdout.write(`${key}\n`)
}
