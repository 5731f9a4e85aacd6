// Settings of earlier versions: if one is set, the start fails with a message that names its replacement.

const ONLY_FILES_BYTES =
  'was removed: MAX_OUTPUT_FILES_BYTES limits files and displays, at most 32 of each'
const ONLY_RATE_LIMIT = 'was removed: write RATE_LIMIT=REQUESTS/SECONDS, such as RATE_LIMIT=1000/60'
const ONLY_RUN_LOG_KEEP =
  'was removed: write RUN_LOG_KEEP=RECORDS/DAYS, such as RUN_LOG_KEEP=1000000/30'
const FOLLOWS_TMP_MB = 'was removed: it follows TMP_MB'

const IN_DATA = (field: string) =>
  `was removed: write "${field}" into data/environment.json in ENVIRONMENTS_DIR (safe-code-executor environment new data --from data writes a copy to start from)`
const AS_IMAGE = (name: string) =>
  `was removed: write {"image": "IMAGE"} into ${name}/environment.json in ENVIRONMENTS_DIR, and nothing that would be built`

/** The replacement of each removed setting, by name. */
export const REMOVED_SETTINGS: Readonly<Record<string, string>> = {
  DATA_IMAGE: AS_IMAGE('data'),
  DATA_MEMORY_MB: IN_DATA('memoryMb'),
  DATA_POOL_SIZE: IN_DATA('poolSize'),
  LOG_FORMAT:
    'was removed: the log is readable text on a terminal and JSON elsewhere; `| npx pino-pretty` formats JSON',
  MAX_CODE_BYTES:
    'was removed: a program has at most 262144 bytes; send larger code as a module in `files`',
  MAX_CONNECTIONS: 'was removed: the limit is 4096',
  MAX_OPEN_FILES: 'was removed: the limit is 1024 per process',
  MAX_OUTPUT_FILE_BYTES: `${ONLY_FILES_BYTES}; a single one may have half of it`,
  MAX_OUTPUT_FILES: ONLY_FILES_BYTES,
  MAX_QUEUE_MB: 'was removed: with EXECUTOR=queue it is called MAX_RESULTS_MB',
  MAX_WAITING:
    'was removed: at most 32 requests wait per slot of MAX_RUNNING; lower MAX_WAIT_SECONDS to shorten the queue',
  RATE_LIMIT_REQUESTS: ONLY_RATE_LIMIT,
  RATE_LIMIT_WINDOW_SECONDS: ONLY_RATE_LIMIT,
  RUN_LOG: 'was removed: write DATABASE_URL=off for no run log',
  RUN_LOG_MAX_DAYS: ONLY_RUN_LOG_KEEP,
  RUN_LOG_MAX_RUNS: ONLY_RUN_LOG_KEEP,
  SANDBOX_IMAGE: AS_IMAGE('python'),
  SHM_MB: FOLLOWS_TMP_MB,
  START_TIMEOUT_SECONDS:
    'was removed: a container has two thirds of MAX_WAIT_SECONDS to start, but at least 30 s and at most 120 s',
  TMP_FILES: FOLLOWS_TMP_MB,
  WARM_MAX_AGE_SECONDS: 'was removed: a warm container is replaced after 300 s',
  WEBHOOK_NETWORKS:
    'was removed: name the networks in WEBHOOKS, such as WEBHOOKS=10.1.0.0/16, which also enables webhooks',
  WORKER_NAME:
    'was removed: a worker is named after its host (`docker run --hostname`, `hostname:` in Compose)',
}

/** One line for each removed setting that is set. */
export function removedSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(REMOVED_SETTINGS).flatMap(([name, message]) =>
    env[name] ? [`${name}: ${message}`] : [],
  )
}
