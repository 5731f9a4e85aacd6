// Settings of earlier versions: one that is set stops the start, and says what to set in its place.

const ONLY_FILES_BYTES =
  'was removed: MAX_OUTPUT_FILES_BYTES alone bounds files and displays, 32 of each at most'
const ONLY_RATE_LIMIT = 'was removed: write RATE_LIMIT=REQUESTS/SECONDS, such as RATE_LIMIT=1000/60'
const ONLY_RUN_LOG_KEEP =
  'was removed: write RUN_LOG_KEEP=RECORDS/DAYS, such as RUN_LOG_KEEP=1000000/30'
const FOLLOWS_TMP_MB = 'was removed: it follows TMP_MB'

/** What to set in place of a removed setting, by its name. */
export const REMOVED_SETTINGS: Readonly<Record<string, string>> = {
  LOG_FORMAT:
    'was removed: the log is for people on a terminal and JSON elsewhere; `| npx pino-pretty` makes the one of the other',
  MAX_CODE_BYTES:
    'was removed: a program has 262144 bytes at most; what is longer fits into `files`, as a module',
  MAX_CONNECTIONS: 'was removed: there are 4096 at most',
  MAX_OPEN_FILES: 'was removed: a process has 1024 at most',
  MAX_OUTPUT_FILE_BYTES: `${ONLY_FILES_BYTES}; one may have half of it`,
  MAX_OUTPUT_FILES: ONLY_FILES_BYTES,
  MAX_QUEUE_MB: 'was removed: with EXECUTOR=queue it is called MAX_RESULTS_MB',
  MAX_WAITING:
    'was removed: 32 times MAX_RUNNING may wait; MAX_WAIT_SECONDS says how long, and a smaller one makes the line shorter',
  RATE_LIMIT_REQUESTS: ONLY_RATE_LIMIT,
  RATE_LIMIT_WINDOW_SECONDS: ONLY_RATE_LIMIT,
  RUN_LOG: 'was removed: write DATABASE_URL=off where there is to be no run log',
  RUN_LOG_MAX_DAYS: ONLY_RUN_LOG_KEEP,
  RUN_LOG_MAX_RUNS: ONLY_RUN_LOG_KEEP,
  SHM_MB: FOLLOWS_TMP_MB,
  START_TIMEOUT_SECONDS:
    'was removed: a container has two thirds of MAX_WAIT_SECONDS to start, 30 s at least and 120 s at most',
  TMP_FILES: FOLLOWS_TMP_MB,
  WARM_MAX_AGE_SECONDS: 'was removed: a container waits for 300 s at most',
  WEBHOOK_NETWORKS:
    'was removed: name the networks in WEBHOOKS, such as WEBHOOKS=10.1.0.0/16, which also switches webhooks on',
  WORKER_NAME:
    'was removed: a worker has the name of its host (`docker run --hostname`, `hostname:` in Compose)',
}

/** One line for each of them that is set. */
export function removedSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(REMOVED_SETTINGS).flatMap(([name, message]) =>
    env[name] ? [`${name}: ${message}`] : [],
  )
}
