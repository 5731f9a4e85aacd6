// The parts of an OCI runtime's config.json that this project sets, and how rows of the table of limits add up to a whole one.
// https://github.com/opencontainers/runtime-spec has the meaning of each field.

/** One mount of a container. */
export interface OciMount {
  destination: string
  type: string
  source: string
  options: string[]
}

/** Ids inside of a user namespace, and those of the host that they stand for. */
export interface OciIdMapping {
  containerID: number
  hostID: number
  size: number
}

/** A seccomp filter as the runtime takes it: for one architecture, without conditions. */
export interface OciSeccomp {
  defaultAction: string
  defaultErrnoRet?: number | undefined
  architectures: string[]
  syscalls: {
    names: string[]
    action: string
    errnoRet?: number | undefined
    args?: { index: number; value: number; valueTwo?: number | undefined; op: string }[] | undefined
  }[]
}

/** A whole config.json, as far as it is used here. */
export interface OciConfig {
  ociVersion: string
  process: {
    terminal: boolean
    user: { uid: number; gid: number }
    args: string[]
    env: string[]
    cwd: string
    capabilities: Record<(typeof CAPABILITY_SETS)[number], string[]>
    rlimits: { type: string; hard: number; soft: number }[]
    noNewPrivileges: boolean
    apparmorProfile?: string
    oomScoreAdj: number
  }
  root: { path: string; readonly: boolean }
  hostname: string
  mounts: OciMount[]
  annotations: Record<string, string>
  linux: {
    namespaces: { type: string }[]
    uidMappings: OciIdMapping[]
    gidMappings: OciIdMapping[]
    sysctl: Record<string, string>
    resources: {
      devices: { allow: boolean; access: string }[]
      memory: { limit?: number; swap?: number }
      cpu: { quota: number; period: number }
      pids: { limit: number }
    }
    cgroupsPath: string
    seccomp: OciSeccomp
    maskedPaths: string[]
    readonlyPaths: string[]
  }
}

/** The capability sets of a process; all of them are empty here. */
export const CAPABILITY_SETS = [
  'bounding',
  'effective',
  'inheritable',
  'permitted',
  'ambient',
] as const

/** A part of a config.json: what one row of the table adds. */
export type OciPart = DeepPartial<OciConfig>

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T

/**
 * All parts as one: objects are merged, lists are appended to each other.
 * @throws {Error} if two parts set the same value: then one of two limits would be lost.
 */
export function mergeParts(parts: readonly OciPart[]): OciPart {
  const whole: Record<string, unknown> = {}
  for (const part of parts) merge(whole, part as Record<string, unknown>)
  return whole as OciPart
}

function merge(into: Record<string, unknown>, part: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(part)) {
    const before = into[key]
    if (Array.isArray(value)) into[key] = [...((before as unknown[]) ?? []), ...value]
    else if (typeof value === 'object' && value !== null) {
      into[key] = before ?? {}
      merge(into[key] as Record<string, unknown>, value as Record<string, unknown>)
    } else if (before !== undefined) throw new Error(`two rows set ${key}`)
    else into[key] = value
  }
}
