// Prints the table of limits: as the arguments of `docker run`, and as the config.json of an OCI runtime. Pure.

import { bounded, runnerCommand } from './container-command.ts'
import type {
  BoundMask,
  ContainerIdentity,
  ContainerSpec,
  OciIdentity,
  OciImage,
} from './container-spec.ts'
import { LIMITS, MASKED_PATHS } from './limits.ts'
import { mergeParts, type OciConfig } from './oci-config.ts'

/** The arguments of the `docker` command that starts a container, by default with the runner in it. */
export function dockerRunArgs(
  identity: ContainerIdentity,
  spec: ContainerSpec,
  inner: readonly string[] = runnerCommand(spec.limits),
): string[] {
  const { name } = identity
  const flags = LIMITS.flatMap(({ docker }) => docker?.(spec, identity) ?? [])
  return ['run', '--name', name, ...flags, spec.image, ...bounded(spec, inner)]
}

/** The config.json of a container with the runner in it. */
export function ociConfig(spec: ContainerSpec, identity: OciIdentity, image: OciImage): OciConfig {
  const parts = LIMITS.map(({ oci }) => oci?.(spec, identity, image) ?? {})
  const config = mergeParts(parts) as OciConfig
  // A runtime mounts in this order: a folder before those inside it.
  const mounts = config.mounts.toSorted((a, b) => (a.destination < b.destination ? -1 : 1))
  return { ...config, mounts }
}

/**
 * Masked paths that crun would hide with the host's /dev/null, or newer versions with one folder for all containers:
 * containers could lock these and so detect each other. runc uses those of the container and refuses such binds.
 * `isFolder` returns undefined if a path does not exist: binding it would be an error.
 */
export function pathsToBind(
  runtime: string,
  isFolder: (path: string) => boolean | undefined,
): BoundMask[] {
  if (runtime !== 'crun') return []
  return MASKED_PATHS.flatMap((path) => {
    const found = isFolder(path)
    return found === undefined ? [] : { path, isFolder: found }
  })
}
