// The Docker engine, through its command line: all that is not `docker run` itself.

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { execa } from 'execa'
import type { Logger } from 'pino'
import { findEngineSocket, type Removal, removeThroughSocket } from './engine-socket.ts'
import type { EngineCommand } from './events.ts'

/** Label of every container: which server process it belongs to. */
export const OWNER_LABEL = 'safe-code-executor.owner'

/** How long a short docker command may take, in milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000

/** How long an event may lag behind the end of its container, in seconds. */
const EVENT_LAG_SECONDS = 0.2

/** An image's id, as Docker says it and as Podman does. */
const IMAGE_ID = /^(sha256:)?[0-9a-f]{64}$/

/** Start time of a process where the system has no /proc, or does not let us read it, as Deno does not. */
const UNKNOWN = 'unknown'

/** A container as the engine lists it. */
export interface ListedContainer {
  name: string
  /** `created`, `running`, `exited`, `dead`, `removing`, … */
  state: string
  /** Which server made it: `ownerOfThisProcess` there. */
  owner: string
}

export interface EngineOptions {
  /** The command line client: `docker`, or one that takes the same arguments. */
  command: string
  logger: Logger
  /** Told of each command that failed, such as `rm`. */
  onCommandFailed?: (command: EngineCommand) => void
}

export class Engine {
  readonly command: string
  readonly #logger: Logger
  readonly #onCommandFailed: (command: EngineCommand) => void
  #socket: Promise<string | undefined> | undefined

  constructor({ command, logger, onCommandFailed = () => {} }: EngineOptions) {
    this.command = command
    this.#logger = logger
    this.#onCommandFailed = onCommandFailed
  }

  /**
   * The id of the image that has this name now.
   * @throws {Error} where there is none, or the engine does not say.
   */
  async imageId(name: string): Promise<string> {
    const result = await this.#docker(['image', 'inspect', '--format', '{{.Id}}', name])
    const id = result.stdout?.trim() ?? ''
    if (!result.failed && IMAGE_ID.test(id)) return id
    throw new Error(result.stderr?.trim() || result.shortMessage || `no id of an image: ${id}`)
  }

  /** Kills and removes a container. Does not throw: what fails is logged. */
  async removeContainer(name: string): Promise<Removal> {
    const socket = await this.#findSocket()
    if (!socket) return this.#removeByCommand(name)
    // The command says it in words, where the engine is away.
    return removeThroughSocket(socket, name, COMMAND_TIMEOUT_MS).catch(() =>
      this.#removeByCommand(name),
    )
  }

  #findSocket(): Promise<string | undefined> {
    this.#socket ??= findEngineSocket(this.command).catch(() => undefined)
    return this.#socket
  }

  async #removeByCommand(name: string): Promise<Removal> {
    const result = await this.#docker(['rm', '--force', '--volumes', name])
    // Podman and newer versions of Docker say that all is well where there is none.
    if (/No such container/i.test(result.stderr)) return 'absent'
    if (/already in progress/.test(result.stderr)) return 'removing'
    if (!result.failed) return 'removed'
    this.#onCommandFailed('rm')
    const cause = result.stderr || result.shortMessage
    this.#logger.error({ container: name, cause }, 'a container could not be removed')
    return 'failed'
  }

  /** All containers that servers like this one have made and that the engine still has. */
  async list(): Promise<ListedContainer[]> {
    void this.#findSocket() // before it is needed in a hurry
    // All labels: Podman before 5 can't be asked for one of them.
    const format = '{{.Names}}\t{{.State}}\t{{.Labels}}'
    const result = await this.#docker([
      ...['ps', '--all', '--filter', `label=${OWNER_LABEL}`, '--format', format],
    ])
    if (result.failed) {
      this.#onCommandFailed('ps')
      return []
    }
    return result.stdout.split('\n').flatMap((line) => listedContainer(line) ?? [])
  }

  /**
   * Whether the engine saw the container run out of memory: the one witness where the runner itself was killed. The
   * engine remembers its last 256 events, so it is asked only when it is needed.
   */
  async sawOom(name: string): Promise<boolean> {
    const until = Date.now() / 1000 + EVENT_LAG_SECONDS
    const result = await this.#docker([
      ...['events', '--since', '1h', '--until', until.toFixed(3)],
      ...['--filter', `container=${name}`, '--filter', 'event=oom', '--format', '{{.Action}}'],
    ])
    if (result.failed) this.#onCommandFailed('events')
    return result.stdout.includes('oom')
  }

  async #docker(args: string[]) {
    return execa(this.command, args, {
      reject: false,
      stdin: 'ignore',
      timeout: COMMAND_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
  }
}

/** `a=1,b=2` in Docker's words, `map[a:1 b:2]` in Podman's. */
const OWNER = new RegExp(`${OWNER_LABEL.replaceAll('.', '\\.')}[=:](\\S+?)\\]?(?:[\\s,]|$)`)

/** A line of name, state and labels, separated by tabs; undefined where it is none of ours. */
export function listedContainer(line: string): ListedContainer | undefined {
  const [name, state, labels = ''] = line.split('\t')
  const owner = labels.match(OWNER)?.[1]
  return name && state && owner ? { name, state: state.toLowerCase(), owner } : undefined
}

/** Names this process so that a later one can tell whether it still lives: where, process id, start time. */
export function ownerOfThisProcess(): string {
  return [place(), process.pid, startTicks(process.pid) ?? UNKNOWN].join('/')
}

/** Whether the server that this label names ran where this one runs and has ended. */
export function isDead(owner: string): boolean {
  const [where, pid, ticks] = owner.split('/')
  if (where !== place() || ticks === UNKNOWN) return false
  const now = startTicks(Number(pid))
  return now !== UNKNOWN && now !== ticks
}

/**
 * Where process ids mean the same: a kernel since its start, and on it a PID namespace. A server in a container sees none of
 * the processes outside. Names do not tell: a container may have its host's, and two hosts that use one engine the same.
 */
function place(): string {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${bootId}:${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname() // no /proc, or no permission to read it (Deno): then no process is seen either
  }
}

/**
 * When a process started, in the kernel's ticks; undefined where there is no such process (or no /proc), UNKNOWN where
 * that is not to be seen.
 */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : UNKNOWN
  }
}
