// ENGINE=docker: the Docker engine, through its command line and its socket.

import { execa } from 'execa'
import type { Logger } from 'pino'
import type { ContainerIdentity, ContainerSpec } from './container-spec.ts'
import type {
  ContainerStreams,
  ContainerUsage,
  Engine,
  EngineCommand,
  ListedContainer,
  Removal,
} from './engine.ts'
import { findEngineSocket, removeThroughSocket } from './engine-socket.ts'
import { OWNER_LABEL } from './owner.ts'
import { dockerRunArgs } from './printed-limits.ts'

/** How long a short docker command may take, in milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000

/** How long an event may lag behind the end of its container, in seconds. */
const EVENT_LAG_SECONDS = 0.2

/** The id of an image as Docker and Podman print it. */
const IMAGE_ID = /^(sha256:)?[0-9a-f]{64}$/

/**
 * Options of `docker run`. It has its own session: a Ctrl-C in the server's terminal must not reach it, because the
 * server drains first.
 */
const RUN_OPTIONS = {
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
  buffer: false,
  reject: false,
  detached: true,
  cleanup: false,
} as const

export interface DockerEngineOptions {
  /** The command line client: `docker`, or one that takes the same arguments. */
  command: string
  logger: Logger
  /** Called for each command that failed, such as `rm`. */
  onCommandFailed?: (command: EngineCommand) => void
}

/** Containers started with `docker run --rm`, one host process each. */
export class DockerEngine implements Engine {
  readonly #command: string
  readonly #logger: Logger
  readonly #onCommandFailed: (command: EngineCommand) => void
  #socket: Promise<string | undefined> | undefined

  constructor({ command, logger, onCommandFailed = () => {} }: DockerEngineOptions) {
    this.#command = command
    this.#logger = logger
    this.#onCommandFailed = onCommandFailed
  }

  async imageId(name: string): Promise<string> {
    const result = await this.#docker(['image', 'inspect', '--format', '{{.Id}}', name])
    const id = result.stdout?.trim() ?? ''
    if (!result.failed && IMAGE_ID.test(id)) return id
    throw new Error(result.stderr?.trim() || result.shortMessage || `no id of an image: ${id}`)
  }

  start(identity: ContainerIdentity, spec: ContainerSpec, imageId: string): ContainerStreams {
    const args = dockerRunArgs(identity, { ...spec, image: imageId })
    const process = execa(this.#command, args, RUN_OPTIONS)
    const { stdin, stdout, stderr } = process
    const ended = process.then(
      ({ shortMessage, exitCode }) => shortMessage || `exit code ${exitCode}`,
    )
    return { stdin, stdout, stderr, ended, abandon: () => process.kill('SIGKILL') }
  }

  /** Does nothing: `--rm` removes the container. */
  async clear(): Promise<boolean> {
    return true
  }

  async remove(name: string): Promise<Removal> {
    const socket = await this.#findSocket()
    if (!socket) return this.#removeByCommand(name)
    // If the engine is down, the command reports it in words.
    return removeThroughSocket(socket, name, COMMAND_TIMEOUT_MS).catch(() =>
      this.#removeByCommand(name),
    )
  }

  #findSocket(): Promise<string | undefined> {
    this.#socket ??= findEngineSocket(this.#command).catch(() => undefined)
    return this.#socket
  }

  async #removeByCommand(name: string): Promise<Removal> {
    const result = await this.#docker(['rm', '--force', '--volumes', name])
    // Podman and newer versions of Docker report success if there is no such container.
    if (/No such container/i.test(result.stderr)) return 'absent'
    if (/already in progress/.test(result.stderr)) return 'removing'
    if (!result.failed) return 'removed'
    this.#onCommandFailed('rm')
    const cause = result.stderr || result.shortMessage
    this.#logger.error({ container: name, cause }, 'a container could not be removed')
    return 'failed'
  }

  async list(): Promise<ListedContainer[]> {
    void this.#findSocket() // in advance: removals must be quick
    // Prints all labels: Podman before 5 can't print a single one.
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

  /** Called only when needed: the engine keeps only its last 256 events. */
  async sawOom(name: string): Promise<boolean> {
    const until = Date.now() / 1000 + EVENT_LAG_SECONDS
    const result = await this.#docker([
      ...['events', '--since', '1h', '--until', until.toFixed(3)],
      ...['--filter', `container=${name}`, '--filter', 'event=oom', '--format', '{{.Action}}'],
    ])
    if (result.failed) this.#onCommandFailed('events')
    return result.stdout.includes('oom')
  }

  async usage(): Promise<ContainerUsage> {
    return {} // Docker tells it in seconds, and not at all when the container has ended
  }

  async #docker(args: string[]) {
    return execa(this.#command, args, {
      reject: false,
      stdin: 'ignore',
      timeout: COMMAND_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
  }
}

/** Docker prints labels as `a=1,b=2`, Podman as `map[a:1 b:2]`. */
const OWNER = new RegExp(`${OWNER_LABEL.replaceAll('.', '\\.')}[=:](\\S+?)\\]?(?:[\\s,]|$)`)

/** Parses a line of name, state and labels, separated by tabs; undefined if the container is not ours. */
export function listedContainer(line: string): ListedContainer | undefined {
  const [name, state, labels = ''] = line.split('\t')
  const owner = labels.match(OWNER)?.[1]
  return name && state && owner ? { name, state: state.toLowerCase(), owner } : undefined
}
