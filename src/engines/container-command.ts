// The command that runs in a container: the runner, within the container's lifetime. Pure.

import { type ContainerLimits, type ContainerSpec, isGvisor, wholeCpus } from './container-spec.ts'

/** Wraps a command so that it ends after the container's lifetime. */
export function bounded(spec: ContainerSpec, inner: readonly string[]): string[] {
  return [init(spec), '--signal=KILL', String(spec.limits.lifetimeSeconds), ...inner]
}

/**
 * `-I` keeps Python from reading anything but its library; `-u` keeps the output of a killed program from being lost.
 */
export function runnerCommand(limits: ContainerLimits): string[] {
  const runner = '/usr/lib/sandbox/runner.pyc'
  return ['python3', '-I', '-u', '-X', `cpu_count=${wholeCpus(limits)}`, runner]
}

/**
 * `timeout` is process 1: SIGKILL and SIGSTOP from inside do not reach it, and a signal that ends it ends the
 * container. It bounds the container's life even if the server and the engine are gone. Not every runtime can run the
 * file that is not readable, so gVisor gets a readable copy.
 */
function init({ runtime }: ContainerSpec): string {
  return isGvisor(runtime) ? '/usr/lib/sandbox/timeout' : 'timeout'
}
