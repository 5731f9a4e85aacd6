// The process of a runtime while it starts a container, and the streams that it leaves to the container.

import { type ChildProcess, spawn } from 'node:child_process'
import type { ContainerStreams } from './engine.ts'

/** A process and its children, which are in a group of their own. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // all of them have ended
  }
}

/** Starts the runtime. In a session of its own: a Ctrl-C in the server's terminal must not reach it. */
export function startRuntime(
  [file = '', ...args]: readonly string[],
  env: Record<string, string>,
): ChildProcess {
  return spawn(file, args, { stdio: 'pipe', cwd: '/', env, detached: true })
}

/** @throws {Error} if the runtime could not be started at all: it has no streams then. */
export function streamsOf(child: ChildProcess): ContainerStreams {
  const { stdin, stdout, stderr, pid } = child
  const ended = endOf(child) // first: without a listener the error of a failed start would end the server
  if (!stdin || !stdout || !stderr) throw new Error('the runtime could not be started')
  // Node closes the input of a process that has ended. This one belongs to the container, which the runtime's end leaves behind.
  child.stdin = null
  return { stdin, stdout, stderr, ended, abandon: () => pid && killGroup(pid) }
}

/** Resolves when all holders of the output have ended: the runtime, and the container. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) =>
      resolve(code === 0 ? 'the container ended' : `the runtime ended with ${signal ?? code}`),
    )
  })
}
