// The suites, one after the other, so that tests of timing do not share the cores with others. `gvisor` is the
// behaviour suite and the corpus once more, under the other runtime of containers; it runs where it is asked for by name,
// as does `vm`.
// `deno` is the behaviour suite once more, with a server on Deno, and `queue` with a worker behind a queue.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          sequence: { groupOrder: 0 },
          // They share no state, and one process loads the code once for all of its files; by itself Vitest leaves a core idle.
          isolate: false,
          maxWorkers: '100%',
          // On a busy machine. It bounds what hangs; what is promised in time is measured by the tests.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'quick',
          include: ['test/quick/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'services',
          include: ['test/services/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          // Each file has databases of its own, and mostly waits.
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'docker',
          include: ['test/docker/**/*.test.ts', 'test/attacks/*.test.ts'],
          sequence: { groupOrder: 3 },
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'gvisor',
          include: ['test/docker/statuses.test.ts', 'test/attacks/*.test.ts'],
          env: { SANDBOX_RUNTIME: 'runsc' },
          sequence: { groupOrder: 7 },
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      ...(['runc', 'crun'] as const).map((engine) => ({
        test: {
          name: engine,
          include: [
            ...['test/docker/statuses.test.ts', 'test/docker/stream.test.ts'],
            ...['test/docker/files.test.ts', 'test/docker/async-runs-end.test.ts'],
            ...['test/docker/engine-conformance.test.ts', 'test/docker/lifecycle.test.ts'],
            ...['test/docker/sandbox.test.ts', 'test/oci/faults.test.ts', 'test/attacks/*.test.ts'],
            ...(engine === 'runc'
              ? [
                  'test/docker/hang-ups.test.ts',
                  'test/docker/load.test.ts',
                  'test/docker/data.test.ts',
                ]
              : ['test/oci/buildah.test.ts']), // once: both take the same unpacked image
          ],
          // The corpus takes minutes: all of it runs under Docker.
          env: { ENGINE: engine, ATTACK_SAMPLE: engine === 'runc' ? '4' : '8' },
          sequence: { groupOrder: 6 },
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      })),
      {
        test: {
          name: 'new-interpreter',
          include: ['test/docker/statuses.test.ts', 'test/attacks/*.test.ts'],
          // A variable that is read at Python's start: each program runs in an interpreter of its own.
          env: {
            SUITE_ENV: '{"PYTHONHASHSEED":"0"}',
            ATTACK_SAMPLE: process.env.ATTACK_SAMPLE ?? '4',
          },
          sequence: { groupOrder: 6 },
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'queue',
          include: [
            ...['test/docker/statuses.test.ts', 'test/docker/stream.test.ts'],
            ...['test/docker/files.test.ts', 'test/docker/async-runs.test.ts'],
          ],
          env: { SUITE_EXECUTOR: 'queue' },
          sequence: { groupOrder: 4 },
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          sequence: { groupOrder: 5 },
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'deno',
          include: [
            ...['test/docker/statuses.test.ts', 'test/docker/stream.test.ts'],
            'test/deno/**/*.test.ts',
          ],
          env: { SERVER_COMMAND: 'sh scripts/deno.sh' },
          sequence: { groupOrder: 6 },
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'deploy',
          include: ['test/deploy/**/*.test.ts'],
          sequence: { groupOrder: 7 },
          fileParallelism: false,
          testTimeout: 60_000,
          // Where nothing is built yet, the image is.
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          sequence: { groupOrder: 7 },
          fileParallelism: false,
          // In the virtual machine of `npm run test:vm`: without KVM everything takes ten times as long.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          env: { SUITE_START_TIMEOUT_SECONDS: '300' },
        },
      },
      {
        test: {
          name: 'leftovers',
          include: ['test/leftovers.test.ts'],
          sequence: { groupOrder: 8 },
          testTimeout: 30_000,
        },
      },
    ],
  },
})
