// sandbox/seccomp.json, which is in Docker's words, as an OCI runtime takes it. Pure.

import { constants } from 'node:os'
import { z } from 'zod'
import type { OciSeccomp } from './oci-config.ts'

/** The profile as Docker reads it. A key that is not known here is an error, not a rule that gets lost. */
const profileSchema = z.strictObject({
  defaultAction: z.string(),
  defaultErrnoRet: z.int().optional(),
  archMap: z.array(
    z.strictObject({ architecture: z.string(), subArchitectures: z.array(z.string()) }),
  ),
  syscalls: z.array(
    z.strictObject({
      comment: z.string().optional(),
      names: z.array(z.string()),
      action: z.string(),
      errnoRet: z.int().optional(),
      args: z
        .array(
          z.strictObject({
            index: z.int(),
            value: z.number(),
            valueTwo: z.number().optional(),
            op: z.string(),
          }),
        )
        .optional(),
    }),
  ),
})

/** Names of machines: Node's, and those of the profile. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
}

/**
 * Calls that fail as if the user had used them up (EMFILE). The kernel counts them for the owner of a user namespace too, which
 * is root for all containers: one program could take them from all others and from the host's services.
 */
const COUNTED_FOR_ROOT = ['inotify_init', 'inotify_init1']

/**
 * The filter for this kind of machine (`process.arch`).
 * @throws {Error} if the profile does not list the machine, or has a rule that would be lost here.
 */
export function ociSeccomp(profile: unknown, arch: string): OciSeccomp {
  const { defaultAction, defaultErrnoRet, archMap, syscalls } = profileSchema.parse(profile)
  const machine = archMap.find(({ architecture }) => architecture === ARCHITECTURES[arch])
  if (!machine) throw new Error(`the seccomp profile has no rules for ${arch}`)
  return {
    defaultAction,
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    architectures: [machine.architecture, ...machine.subArchitectures],
    syscalls: [
      ...syscalls.map(({ comment: _, names, ...rule }) => ({
        names: names.filter((name) => !COUNTED_FOR_ROOT.includes(name)),
        ...rule,
      })),
      { names: COUNTED_FOR_ROOT, action: 'SCMP_ACT_ERRNO', errnoRet: constants.errno.EMFILE },
    ],
  }
}
