// What the executor tells of its containers, and what it can be asked about itself.

import type { EngineCommand } from '../engines/engine.ts'

/** How far the containers of this server have come. */
export const CONTAINER_STATES = ['starting', 'waiting', 'running', 'ending'] as const
export type ContainerState = (typeof CONTAINER_STATES)[number]

/** Told of what happens to containers, by the name of their environment. */
export interface ExecutorEvents {
  onStarted(environment: string): void
  /** It did not get ready, or ended while it waited. */
  onFailed(environment: string): void
  /** It was killed by name, because what is inside did not end it. */
  onKilled(environment: string): void
  onCommandFailed(command: EngineCommand): void
}

/** What the executor is doing now. */
export interface ExecutorState {
  running: number
  maxRunning: number
  waiting: number
  maxWaiting: number
  /** Containers that are not gone, by state; none where others have them. */
  containers: Readonly<Record<ContainerState, number>>
  maxContainers: number
  /** By environment. */
  pools: Readonly<Record<string, { ready: number; size: number; isOpen: boolean }>>
}

/** Where nobody listens. */
export const NO_EVENTS: ExecutorEvents = {
  onStarted() {},
  onFailed() {},
  onKilled() {},
  onCommandFailed() {},
}
