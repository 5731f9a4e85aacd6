// What the executor tells of its containers, and what it can be asked about itself.

/** Told of what happens to containers, by the name of their environment. */
export interface ExecutorEvents {
  onStarted(environment: string): void
  /** It did not get ready, or ended while it waited. */
  onFailed(environment: string): void
  /** It was killed by name, because what is inside did not end it. */
  onKilled(environment: string): void
  /** A command to the engine failed, such as `rm`; not `run`, whose failure is the container's. */
  onCommandFailed(command: string): void
}

/** What the executor is doing now. */
export interface ExecutorState {
  running: number
  maxRunning: number
  waiting: number
  maxWaiting: number
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
