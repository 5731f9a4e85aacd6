import type { Collected } from '../../src/executor/collection.ts'

/** What a run has of which nothing came back. */
export const NOTHING_COLLECTED: Collected = {
  files: [],
  filesOmitted: [],
  filesOmittedCount: 0,
  displays: [],
  displaysOmittedCount: 0,
}
