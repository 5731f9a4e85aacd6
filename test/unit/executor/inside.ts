// What a probe sees where every wall holds.

import type { Inside } from '../../../src/executor/walls.ts'

/** With the default limits, and data mounted on /data. */
export const GOOD: Inside = {
  userId: 20_000,
  userNamespace: false,
  capabilities: [],
  noNewPrivileges: true,
  seccomp: 2,
  kernel: 'Linux version 6.1',
  readOnlyRoot: true,
  writable: [],
  readOnlyFolders: { '/data': true },
  interfaces: ['lo'],
  connect: 'ENETUNREACH',
  calls: { ptrace: 'EPERM', AF_VSOCK: 'EPERM' },
  tmpBytes: 16 * 2 ** 20,
  shmBytes: 16 * 2 ** 20,
  tmpFiles: 4094,
  processes: 64,
  openFiles: 1020,
  coreBytes: 0,
  fileBytes: 128 * 2 ** 20,
  cgroupVersion: 2,
  cgroup: { memory: '134217728', swap: '4096', cpu: '100000 100000', pids: '64' },
  hostSwapBytes: 2 ** 30,
  failures: {},
}
