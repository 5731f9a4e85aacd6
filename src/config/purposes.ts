// The purpose of each setting, under the headings of the help text and of the documentation.

/** Purposes by heading and by name of the setting. */
export const PURPOSES = {
  Server: {
    HOST: 'Address to listen on',
    PORT: 'Port to listen on; 0 picks a free one',
    SERVE_WITHOUT_KEYS: 'Listen on a non-loopback address without API keys: on or off',
    ALLOWED_HOSTS:
      'Host names this server answers to, besides IP addresses, `localhost` and names without a dot; separated by commas, `*.example.org` for all subdomains. Empty: no other name if there are no API keys, any name if there are',
    TRUST_PROXY:
      'Proxies whose `X-Forwarded-For` is trusted: how many stand before the server, or their addresses and networks, separated by commas',
    MAX_BODY_BYTES: 'Largest request body',
    RATE_LIMIT:
      'Run requests per client in a window, `REQUESTS/SECONDS`; `on` is the default, `off` no limit',
    LOG_LEVEL: 'Lowest level of log lines that are written',
  },
  'Limits of a run': {
    DEFAULT_TIMEOUT_SECONDS: 'Time limit of a run that asks for none',
    MAX_TIMEOUT_SECONDS: 'Longest time limit that a run may ask for',
    MEMORY_MB: 'Memory of a run, without swap',
    CPUS: 'CPUs of a run',
    MAX_PROCESSES: 'Processes and threads of a run',
    TMP_MB:
      'Size of /tmp, and of /dev/shm. Both count as memory; /tmp holds 256 files per megabyte',
    MAX_OUTPUT_BYTES: 'Largest output of a run, stdout and stderr together',
    MAX_OUTPUT_FILES_BYTES:
      'Largest total size of the files that a run returns, and of its displays. A single one may have half of it; a run returns at most 32 of each',
    READ_ONLY_MOUNTS:
      'Host data that every program may read, as `SOURCE:TARGET` pairs, separated by commas: `/srv/data:/data`. Always read-only',
  },
  Environments: {
    ENVIRONMENTS:
      'Environments that programs may run in, the default first: `python`, and `data` with numpy, pandas, matplotlib, scipy, sympy and Pillow already loaded. Setup builds their images',
    SANDBOX_IMAGE: 'Image of the environment `python`',
    DATA_IMAGE: 'Image of the environment `data`',
    DATA_MEMORY_MB: 'Memory of a run in the environment `data`; its libraries take about half',
  },
  Admission: {
    MAX_RUNNING:
      'Programs that run at once. Default: two per core, if half of the memory holds them',
    MAX_WAIT_SECONDS:
      'Longest wait for a slot. With `EXECUTOR=local`, at most 32 synchronous runs per slot of `MAX_RUNNING` wait. A container has two thirds of this time to start, but at least 30 s and at most 120 s',
    POOL_SIZE:
      'Containers that are kept warm; 0 starts each one on demand. Default: as many as run at once by default',
    DATA_POOL_SIZE:
      'Warm containers of the environment `data`, about 150 MB each. Default: half as many as run at once by default',
  },
  'Asynchronous runs and webhooks': {
    MAX_QUEUED:
      'Asynchronous runs that may wait. With `EXECUTOR=queue`: those of all servers together, and as many synchronous runs (`POST /run`) in a queue of their own',
    MAX_QUEUED_SECONDS: 'Longest wait of an asynchronous run for a slot',
    RESULT_TTL_SECONDS:
      'How long the result of an asynchronous run is kept, and the answer to an `Idempotency-Key`',
    MAX_RESULTS_MB:
      'Memory for asynchronous runs: half for unfinished runs, half for results. If results need more, the oldest results of the client that stores most go first. With `EXECUTOR=queue` (default 256): memory for all runs in Redis, with waiting programs, results, and 11 to 26 MB reserved for the result of each active run; use the same value on all servers',
    WEBHOOKS:
      'Let asynchronous runs name a webhook that is called when they end: on or off. A list of networks, separated by commas, means on, and lets webhooks reach these networks although they are not public: `10.1.0.0/16`',
  },
  'Keys and run log': {
    API_KEYS:
      'API keys, separated by commas; a client must send one as `Authorization: Bearer KEY`. Empty: no key is required',
    API_KEYS_FILE:
      'File with the names, SHA-256 digests, rights and limits of API keys, made by `npx safe-code-executor key new NAME`; the server reads it again when it changes',
    DATABASE_URL:
      'Database of the run log, which has a record of every finished run: `file:PATH` for SQLite, `postgres://USER:PASSWORD@HOST/DATABASE`, or `off`',
    RUN_LOG_CODE: 'Keep code and output in the run log: on or off',
    RUN_LOG_KEEP: 'How many records the run log keeps, and for how many days: `RECORDS/DAYS`',
    RUN_LOG_SALT:
      'Secret that client addresses in the run log are hashed with. Empty: a new one at each start, so that the hash of a client changes',
    READ_RUNS_WITHOUT_KEY: 'Let anyone read the run log if there are no API keys: on or off',
  },
  Queue: {
    EXECUTOR:
      'Where programs run: `local` on this host, `queue` on workers (`safe-code-executor worker`) that take them from a queue in Redis; the server then needs no container engine',
    REDIS_URL:
      'Redis in which servers count rates together, and which holds the queue of `EXECUTOR=queue`: `redis://:PASSWORD@HOST:PORT`. Empty: each server counts alone',
    QUEUE_PREFIX:
      'Prefix of all names in Redis; servers and workers with the same prefix work together',
  },
  Operation: {
    ENGINE:
      'Engine that starts the containers: `docker`, or `runc` or `crun`, OCI runtimes without a daemon, for a server that runs on the host as root',
    DOCKER_BIN: 'Command line client of the container engine: `docker`, or `podman`',
    SANDBOX_RUNTIME:
      'OCI runtime of the containers, by its name in the engine: `runsc` (gVisor), `kata`. Empty: the engine’s default',
    SERVE_WITH_MISSING_WALLS:
      'Run programs although the host does not enforce every limit: on or off; `safe-code-executor doctor` shows which walls are missing',
    DRAIN_NOTICE_SECONDS:
      'How long the server goes on serving after SIGTERM while `/readyz` answers 503, so that a load balancer stops sending requests',
    DRAIN_SECONDS: 'How long active runs may continue after SIGTERM',
  },
}
