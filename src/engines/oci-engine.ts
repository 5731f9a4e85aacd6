// ENGINE=runc and ENGINE=crun: the OCI runtime itself, without a daemon. Needs unpacked images, and root: of the host, or of a
// user namespace with a delegated cgroup.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Logger } from 'pino'
import { pause } from '../waits/pause.ts'
import { apparmorProfile } from './apparmor.ts'
import { Cgroups, UNIFIED_CGROUP } from './cgroups.ts'
import type { BoundMask, ContainerIdentity, ContainerSpec } from './container-spec.ts'
import type {
  ContainerStreams,
  ContainerUsage,
  Engine,
  EngineCommand,
  ListedContainer,
  Removal,
} from './engine.ts'
import { HostIds } from './host-ids.ts'
import type { OciConfig, OciSeccomp } from './oci-config.ts'
import { makeFolder, makeTarget, removeFolder } from './oci-folders.ts'
import { type OciHost, ociHost } from './oci-host.ts'
import { unpackedImage, unpackedImageId } from './oci-images.ts'
import { killGroup, startRuntime, streamsOf } from './oci-process.ts'
import { nameOfProcess, OWNER_LABEL } from './owner.ts'
import { ociConfig, pathsToBind } from './printed-limits.ts'
import { ociSeccomp } from './seccomp.ts'

/** Runtimes that this engine can use, by the values of ENGINE. */
export const OCI_RUNTIMES = ['runc', 'crun'] as const

/** One of them. */
export type OciRuntime = (typeof OCI_RUNTIMES)[number]

const START_SCRIPT = fileURLToPath(new URL('../../scripts/oci-start.sh', import.meta.url))
/** A mount namespace of its own, in which later mounts of the host are seen too. */
const IN_MOUNT_NAMESPACE = ['unshare', '--mount', '--propagation=slave', 'sh', START_SCRIPT]
/** Nodes that the host binds for a container of a server without root. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']
/** Annotation with the image of a container: set-up keeps images that are in use (scripts/setup.sh). */
const IMAGE_ANNOTATION = 'safe-code-executor.image'
/** How often, and how long apart in milliseconds, it is looked whether the last process of a container has gone. */
const CLEAR_LOOKS = 20
const CLEAR_LOOK_MS = 5
/** Bytes of one instruction of a compiled filter (linux/filter.h). */
const FILTER_INSTRUCTION_BYTES = 8
/** How often a runtime is killed that still starts a container. */
const RUNTIME_LOOKS = 200
/** How long a command of the runtime may take that is no start, in milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000
/** Environment of the runtime: none of the server's settings and secrets. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

export interface OciEngineOptions {
  runtime: OciRuntime
  logger: Logger
  /** Called for each command that failed. */
  onCommandFailed?: (command: EngineCommand) => void
}

/**
 * Containers of `runc run --detach` or `crun run --detach`. The runtime's process ends when the container runs: nothing of the
 * host waits with it. Its cgroups stay until the host removes them, and are the witness of memory.
 *
 * A container has a folder with its bundle (config.json, fstab, root) and the process of the runtime that starts it (`runtime`).
 */
export class OciEngine implements Engine {
  readonly #command: readonly string[]
  readonly #logger: Logger
  readonly #onCommandFailed: (command: EngineCommand) => void
  readonly #host: OciHost
  readonly #cgroups: Cgroups
  readonly #hostIds: HostIds
  readonly #containers: string
  readonly #runtimeState: string
  /** Whether cgroup version 2 is hidden from the runtime: crun 1.8 refuses hosts that have both versions. */
  readonly #hidesUnified: boolean
  readonly #boundMasks: BoundMask[]
  readonly #apparmorProfile: string | undefined
  #seccomp: OciSeccomp | undefined
  #compiledSeccomp: string | undefined

  /** @throws {Error} if this process has not the rights that it needs. */
  constructor({ runtime, logger, onCommandFailed = () => {} }: OciEngineOptions) {
    this.#host = hostFor(runtime)
    const { state, ids, isRootless } = this.#host
    this.#cgroups = new Cgroups(this.#host)
    if (isRootless) this.#cgroups.delegate()
    this.#apparmorProfile = apparmorProfile()
    this.#containers = `${state}/containers`
    this.#logger = logger
    this.#onCommandFailed = onCommandFailed
    for (const folder of [state, this.#containers]) makeFolder(folder)
    this.#hostIds = new HostIds(`${state}/ids`, ids)
    // A container has its folder before its range and after it: without a folder, a server was killed in between.
    for (const name of this.#hostIds.holders()) {
      if (!existsSync(`${this.#containers}/${name}`)) this.#hostIds.release(name)
    }
    this.#runtimeState = `${state}/${runtime}`
    this.#boundMasks = pathsToBind(runtime, (path) =>
      statSync(path, { throwIfNoEntry: false })?.isDirectory(),
    )
    this.#hidesUnified = runtime === 'crun' && this.#cgroups.layout === 'hybrid'
    this.#command = [runtime, '--root', this.#runtimeState]
  }

  async imageId(name: string): Promise<string> {
    return unpackedImageId(name)
  }

  start(
    { name, userId }: ContainerIdentity,
    spec: ContainerSpec,
    imageId: string,
  ): ContainerStreams {
    const { rootfs, env, cwd } = unpackedImage(imageId)
    this.#cgroups.expectMove()
    const folder = `${this.#containers}/${name}`
    makeFolder(folder)
    for (const part of ['empty', 'rootfs']) makeFolder(`${folder}/${part}`, 0o755)
    for (const { source, target } of spec.mounts) makeTarget(source, `${folder}/empty${target}`)
    if (this.#host.isRootless) this.#addInit(`${folder}/empty`, rootfs, imageId)
    const firstHostId = this.#hostIds.take(name)
    const config = ociConfig(
      spec,
      { name, userId, firstHostId },
      {
        rootfs: `${folder}/rootfs`,
        env,
        cwd,
        seccomp: this.#seccompOf(spec),
        compiledSeccomp: this.#compiledSeccomp,
        apparmorProfile: this.#apparmorProfile,
        boundMasks: this.#boundMasks,
        cgroupParent: this.#host.cgroupParent,
        hasBoundDevices: this.#host.isRootless,
        annotations: { [IMAGE_ANNOTATION]: imageId },
      },
    )
    writeFileSync(`${folder}/config.json`, JSON.stringify(config))
    writeFileSync(`${folder}/fstab`, this.#fstab(folder, rootfs))
    const run = [...this.#command, 'run', '--detach', '--bundle', folder, name]
    // crun makes a temporary file there: in /tmp it would be on a disk, and stay if crun is killed.
    const environment = { ...ENVIRONMENT, _LIBCONTAINER_STATEDIR: folder }
    const child = startRuntime([...IN_MOUNT_NAMESPACE, `${folder}/fstab`, ...run], environment)
    if (child.pid) writeFileSync(`${folder}/runtime`, nameOfProcess(child.pid))
    child.once('exit', (code) => code === 0 && this.#keepCompiledSeccomp(name))
    return streamsOf(child)
  }

  async clear(name: string): Promise<boolean> {
    // The output of the last process is closed before it leaves its cgroup.
    for (let look = 0; look < CLEAR_LOOKS && (await this.#cgroups.isAlive(name)); look += 1) {
      await pause(CLEAR_LOOK_MS)
    }
    return (await this.#cgroups.remove(name)) && this.#forget(name)
  }

  async remove(name: string): Promise<Removal> {
    if (!existsSync(`${this.#containers}/${name}`)) return 'absent'
    await this.#endRuntime(name)
    if ((await this.#cgroups.kill(name)) && (await this.#cgroups.remove(name))) {
      if (this.#forget(name)) return 'removed'
    }
    // Whatever is in the way, the runtime says it in words.
    const [file = '', ...args] = [...this.#command, 'delete', '--force', name]
    const result = await execa(file, args, {
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      env: ENVIRONMENT,
      timeout: COMMAND_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    if ((await this.#cgroups.remove(name)) && this.#forget(name)) return 'removed'
    this.#onCommandFailed('rm')
    const cause = result.stderr || result.shortMessage || 'its cgroup is in use'
    this.#logger.error({ container: name, cause }, 'a container could not be removed')
    return 'failed'
  }

  async list(): Promise<ListedContainer[]> {
    const names = await readdir(this.#containers).catch((error) => {
      this.#logger.error({ error }, 'the containers could not be listed')
      this.#onCommandFailed('ps')
      return []
    })
    return Promise.all(
      names.map(async (name) => ({
        name,
        state: (await this.#cgroups.isAlive(name)) ? 'running' : 'exited',
        owner: await this.#ownerOf(name),
      })),
    )
  }

  async sawOom(name: string): Promise<boolean> {
    return this.#cgroups.sawOom(name)
  }

  async usage(name: string): Promise<ContainerUsage> {
    return this.#cgroups.usage(name)
  }

  /** Ends a runtime that still starts the container, with its children: what it makes later would belong to nothing. */
  async #endRuntime(name: string): Promise<void> {
    const file = `${this.#containers}/${name}/runtime`
    for (let look = 0; look < RUNTIME_LOOKS; look += 1) {
      const runtime = await readFile(file, 'utf8').catch(() => '')
      const pid = Number(runtime.split('/')[0])
      if (runtime === '' || nameOfProcess(pid) !== runtime) return
      killGroup(pid)
      await pause(CLEAR_LOOK_MS)
    }
  }

  /**
   * The mounts for scripts/oci-start.sh, as in fstab(5). The root is the image, read-only, through an overlay: two containers on
   * the same files could lock them, and so tell each other something.
   */
  #fstab(folder: string, rootfs: string): string {
    const bind = (source: string, target: string) => `${source} ${target} none bind 0 0\n`
    return [
      `overlay ${folder}/rootfs overlay ro,lowerdir=${folder}/empty:${rootfs} 0 0\n`,
      ...(this.#hidesUnified ? [bind(`${folder}/empty`, UNIFIED_CGROUP)] : []),
      ...(this.#host.isRootless
        ? DEVICES.map((name) => bind(`/dev/${name}`, `${folder}/rootfs/dev/${name}`))
        : []),
    ].join('')
  }

  /**
   * Puts the program of process 1, which no program may read (see container-command.ts), into the top layer of a container's
   * root. The kernel lets an overlay run such a file only if the server's user may read it: not that of the image, which belongs
   * to root of the host.
   */
  #addInit(layer: string, rootfs: string, imageId: string): void {
    const copies = `${this.#host.state}/init`
    const copy = `${copies}/${imageId}`
    if (!existsSync(copy)) {
      makeFolder(copies)
      copyFileSync(`${rootfs}/usr/lib/sandbox/timeout`, `${copy}.new`)
      chmodSync(`${copy}.new`, 0o711)
      renameSync(`${copy}.new`, copy)
    }
    for (const folder of ['/usr', '/usr/bin']) makeFolder(`${layer}${folder}`, 0o755)
    linkSync(copy, `${layer}/usr/bin/timeout`)
  }

  /** The owner as its config.json names it; empty if a server was killed before that file was whole. */
  async #ownerOf(name: string): Promise<string> {
    try {
      const config = await readFile(`${this.#containers}/${name}/config.json`, 'utf8')
      return (JSON.parse(config) as OciConfig).annotations[OWNER_LABEL] ?? ''
    } catch {
      return ''
    }
  }

  /** Removes the files of a container of which no process and no cgroup is left. */
  #forget(name: string): boolean {
    try {
      for (const runtime of OCI_RUNTIMES) removeFolder(`${this.#host.state}/${runtime}/${name}`)
      this.#hostIds.release(name)
      removeFolder(`${this.#containers}/${name}`)
      return true
    } catch (error) {
      this.#logger.error({ container: name, error }, 'files of a container could not be removed')
      return false
    }
  }

  /** Keeps the filter that crun compiled for a container: the same profile need not be compiled for the next one. */
  #keepCompiledSeccomp(name: string): void {
    if (this.#compiledSeccomp) return
    try {
      const filter = readFileSync(`${this.#runtimeState}/${name}/seccomp.bpf`)
      const isWhole = filter.length > 0 && filter.length % FILTER_INSTRUCTION_BYTES === 0
      if (isWhole) this.#compiledSeccomp = filter.toString('base64')
    } catch {
      // runc has no such file, and a container may have ended already
    }
  }

  #seccompOf({ seccompProfile }: ContainerSpec): OciSeccomp {
    this.#seccomp ??= ociSeccomp(JSON.parse(readFileSync(seccompProfile, 'utf8')), process.arch)
    return this.#seccomp
  }
}

/**
 * The host as this process may use it.
 * @throws {Error} that says what to do, if this process cannot be a server with this engine.
 */
function hostFor(runtime: OciRuntime): OciHost {
  const refuse = (problem: string) => {
    throw new Error(`ENGINE=${runtime} ${problem}. The alternative is ENGINE=docker`)
  }
  if ('Deno' in globalThis) refuse('needs a server on Node: npm start')
  // As in the image of the server. A file such as /.dockerenv may be on a host too.
  if (process.pid === 1)
    refuse('is for a server on the host, and this one runs in a container: start it on the host')
  try {
    return ociHost()
  } catch (error) {
    return refuse((error as Error).message)
  }
}
