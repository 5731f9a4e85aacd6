// The events that the executor reports about its containers, and the state that it exposes.

import type { EngineCommand } from '../engines/engine.ts'

/** The states of a container, in order. */
export const CONTAINER_STATES = ['starting', 'waiting', 'running', 'ending'] as const
export type ContainerState = (typeof CONTAINER_STATES)[number]

/** Called for the events of containers, with the name of their environment. */
export interface ExecutorEvents {
  onStarted(environment: string): void
  /** The container did not become ready, or ended while waiting. */
  onFailed(environment: string): void
  /** The container was killed by name because it did not end by itself. */
  onKilled(environment: string): void
  onCommandFailed(command: EngineCommand): void
}

/** The current state of the executor. */
export interface ExecutorState {
  running: number
  maxRunning: number
  waiting: number
  maxWaiting: number
  /** Containers that still exist, by state; zero if workers have them. */
  containers: Readonly<Record<ContainerState, number>>
  maxContainers: number
  /** Pools by environment. */
  pools: Readonly<Record<string, { ready: number; size: number; isOpen: boolean }>>
}

/** Ignores all events. */
export const NO_EVENTS: ExecutorEvents = {
  onStarted() {},
  onFailed() {},
  onKilled() {},
  onCommandFailed() {},
}
