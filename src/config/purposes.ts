// The purpose of each setting, under the headings of the help text and of the documentation.

/** Purposes by heading and by name of the setting. */
export const PURPOSES = {
  Server: {
    HOST: 'Address to listen on',
    PORT: 'Port to listen on; 0 picks a free port',
    SERVE_WITHOUT_KEYS: 'Listen on a non-loopback address without API keys: on or off',
    ALLOWED_HOSTS:
      'Host names that this server answers to, separated by commas; `*.example.org` means all subdomains. IP addresses, `localhost` and names without a dot are always allowed. If empty, a server without API keys answers to no other name, and a server with API keys answers to any name',
    TRUST_PROXY:
      'Proxies whose `X-Forwarded-For` header is trusted: the number of proxies in front of the server, or their addresses and networks, separated by commas',
    MAX_BODY_BYTES: 'Largest request body, in bytes',
    RATE_LIMIT:
      'Limit on the run requests of one client, as `REQUESTS/SECONDS`; `on` means the default, `off` means no limit',
    LOG_LEVEL: 'Lowest level of the log lines that are written',
  },
  'Limits of a run': {
    DEFAULT_TIMEOUT_SECONDS: 'Time limit of a run whose request names none',
    MAX_TIMEOUT_SECONDS: 'Longest time limit that a request may ask for',
    MEMORY_MB: 'Memory limit of a run, without swap',
    CPUS: 'Number of CPUs that a run may use',
    MAX_PROCESSES: 'Largest number of processes and threads in a run',
    TMP_MB:
      'Size of `/tmp`, and also of `/dev/shm`. Their contents count as memory of the run. `/tmp` can hold 256 files per megabyte',
    MAX_OUTPUT_BYTES: 'Largest output of a run in bytes, stdout and stderr together',
    MAX_OUTPUT_FILES_BYTES:
      'Largest total size, in bytes, of the files that a run returns. The same limit applies to its displays. A single file or display may have half of this size. A run returns at most 32 files and 32 displays',
    READ_ONLY_MOUNTS:
      'Host data that every program may read, as `SOURCE:TARGET` pairs separated by commas: `/srv/data:/data`. The mounts are always read-only',
  },
  Environments: {
    ENVIRONMENTS:
      'Environments that programs may run in, separated by commas, the default one first: `python`, `data` with libraries for data, and those of `ENVIRONMENTS_DIR`. Set-up builds their images',
    ENVIRONMENTS_DIR:
      'Folder with a folder for each of your own environments: `safe-code-executor environment new NAME` writes one. A folder named `python` or `data` replaces the built-in environment',
  },
  Admission: {
    MAX_RUNNING:
      'Number of slots: how many programs run at once. Default: two per core, or fewer if half of the memory cannot hold that many programs of 128 MB',
    MAX_WAIT_SECONDS:
      'Longest time that a synchronous run waits for a slot. With `EXECUTOR=local`, at most 32 synchronous runs per slot can wait. A container may take two thirds of this time to start, but at least 30 s and at most 120 s',
    POOL_SIZE:
      'Number of containers of the default environment that are started ahead of time; 0 starts each container on demand. Other environments have half as many, unless their `environment.json` names a `poolSize`. Default: the default of `MAX_RUNNING`',
  },
  'Asynchronous runs and webhooks': {
    MAX_QUEUED:
      'Largest number of asynchronous runs that wait. With `EXECUTOR=queue`, the limit is for all servers together, and synchronous runs (`POST /run`) have a separate queue of the same size',
    MAX_QUEUED_SECONDS: 'Longest time that an asynchronous run waits for a slot',
    RESULT_TTL_SECONDS:
      'How long the server keeps the result of an asynchronous run, and remembers its `Idempotency-Key`',
    MAX_RESULTS_MB:
      'Memory for asynchronous runs: half for unfinished runs, half for results. If results need more, the oldest results of the client that stores most are removed first. With `EXECUTOR=queue` (default 256), this is the memory for all runs in Redis: waiting programs, results, and 11 to 26 MB that are reserved for the result of each running program. Use the same value on all servers',
    WEBHOOKS:
      'Let asynchronous runs name a webhook that is called when they end: on or off. A list of networks, separated by commas, means on, and also lets webhooks reach these networks although they are not public: `10.1.0.0/16`',
  },
  'Keys and run log': {
    API_KEYS:
      'API keys, separated by commas; a client must send one of them as `Authorization: Bearer KEY`. If this and `API_KEYS_FILE` are empty, no key is required',
    API_KEYS_FILE:
      'File with the names, SHA-256 digests, rights and limits of API keys, made by `npx safe-code-executor key new NAME`. The server reads the file again when it changes',
    DATABASE_URL:
      'Database of the run log, which has a record of every finished run: `file:PATH` for SQLite, `postgres://USER:PASSWORD@HOST/DATABASE`, or `off`',
    RUN_LOG_CODE: 'Keep code and output in the run log: on or off',
    RUN_LOG_KEEP: 'How many records the run log keeps, and for how many days: `RECORDS/DAYS`',
    RUN_LOG_SALT:
      'Secret salt for the hashes of client addresses in the run log. If empty, a random salt is made at each start, so one client has different hashes before and after a restart',
    READ_RUNS_WITHOUT_KEY: 'Let anyone read the run log if there are no API keys: on or off',
  },
  Queue: {
    EXECUTOR:
      'Where programs run. `local`: on this host. `queue`: on workers (`safe-code-executor worker`), which take programs from a queue in Redis; the server itself then needs no container engine',
    REDIS_URL:
      'Redis for rate limits that all servers share, and for the queue of `EXECUTOR=queue`: `redis://:PASSWORD@HOST:PORT`. If empty, each server counts requests alone',
    QUEUE_PREFIX:
      'Prefix of all keys and channels in Redis. Servers and workers with the same prefix work together',
  },
  Operation: {
    ENGINE:
      'Container engine: `docker`, or one of the OCI runtimes `runc` and `crun`. The OCI runtimes need no daemon, but the server must run on the host, as root or in a user namespace',
    DOCKER_BIN: 'Command-line client of the container engine: `docker` or `podman`',
    SANDBOX_RUNTIME:
      'OCI runtime of the containers, under its name in the engine: `runsc` (gVisor), `kata`. If empty, the engine uses its default runtime. An `environment.json` may name another `runtime`',
    SERVE_WITH_MISSING_WALLS:
      'Run programs even if a wall (a protection around programs) is missing on this host: on or off. `safe-code-executor doctor` shows which walls are missing',
    DRAIN_NOTICE_SECONDS:
      'How long the server continues to serve requests after SIGTERM while `/readyz` answers 503, so that a load balancer stops sending requests',
    DRAIN_SECONDS: 'How long active runs may continue after SIGTERM',
  },
}
