// The interface of an engine: starts containers, ends them, knows what is left of them. Everything above it is the same for all.

import type { Readable, Writable } from 'node:stream'
import type { ContainerIdentity, ContainerSpec } from './container-spec.ts'

/** Commands of an engine, except the start of a container: a failed start is the failure of that container. */
export const ENGINE_COMMANDS = ['rm', 'ps', 'events'] as const

/** One of them. */
export type EngineCommand = (typeof ENGINE_COMMANDS)[number]

/** The end of an attempt to remove a container; `removing` means that another request is doing it. */
export type Removal = 'removed' | 'absent' | 'removing' | 'failed'

/** A container as the engine lists it. */
export interface ListedContainer {
  name: string
  /** `created`, `running`, `exited`, `dead`, `removing`, … */
  state: string
  /** `ownerOfThisProcess` of the server that made it. */
  owner: string
}

/** The standard streams of a container, and of the command that starts it. */
export interface ContainerStreams {
  stdin: Writable
  stdout: Readable
  /** Messages of the engine: programs write to frames on stdout. */
  stderr: Readable
  /** Resolves when the container has ended and its output is read: says how, for the log. */
  ended: Promise<string>
  /** Ends the command that starts or holds the container. The container itself may still come. */
  abandon: () => unknown
}

/** What a container has used so far, as the host counts it; what an engine can't tell is left out. */
export interface ContainerUsage {
  cpuMs?: number
  peakMemoryBytes?: number
}

/** Containers of one kind. */
export interface Engine {
  /**
   * Identifies the content that an image name stands for now.
   * @throws {Error} if there is no such image, or the engine does not answer.
   */
  imageId(name: string): Promise<string>

  /** Starts a container of the image with this id. */
  start(identity: ContainerIdentity, spec: ContainerSpec, imageId: string): ContainerStreams

  /** Clears away a container that has ended by itself; false if `remove` has to do it. */
  clear(name: string): Promise<boolean>

  /** Kills and removes a container. Never throws: failures are logged. */
  remove(name: string): Promise<Removal>

  /** All containers that servers like this one have made and that still exist. Never throws: failures are logged. */
  list(): Promise<ListedContainer[]>

  /** Whether a process of the container was killed for memory: the witness if the runner itself was killed. */
  sawOom(name: string): Promise<boolean>

  /** What the container has used, its runner included: for a run of which the runner could tell nothing. */
  usage(name: string): Promise<ContainerUsage>
}
