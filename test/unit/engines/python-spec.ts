// What a container of the environment `python` is where nothing is set.

import type { ContainerSpec } from '../../../src/engines/container-spec.ts'

export const PYTHON_SPEC: ContainerSpec = {
  environment: 'python',
  image: 'safe-code-executor-python',
  client: 'docker',
  hasUserNamespace: false,
  runtime: '',
  seccompProfile: '/app/sandbox/seccomp.json',
  mounts: [],
  env: {},
  labels: { 'safe-code-executor.owner': 'host/1/2' },
  limits: {
    memoryBytes: 134_217_728,
    cpus: 1,
    pids: 64,
    tmpBytes: 16_777_216,
    tmpInodes: 4096,
    shmBytes: 16_777_216,
    openFiles: 1024,
    lifetimeSeconds: 345,
  },
}
