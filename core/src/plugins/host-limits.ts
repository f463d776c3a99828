import { evaluate } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { z } from 'zod'
import { counted } from '../lib/counted.ts'
import { readJson } from '../lib/json.ts'
import { AUDIT_BYTES } from './audit-rows.ts'
import type { InstallRecord } from './install-record.ts'
import type { PluginError } from './plugin-error.ts'

/** What all plugins of a node may have together. */
export interface HostLimits {
  readonly plugins: number
  /** Of the core's memory, for everything that it holds for plugins. */
  readonly memoryBytes: number
  /** Of the disk, for everything that it keeps for them. */
  readonly diskBytes: number
  /** Of the machine's memory, for their cells. */
  readonly cellMemoryMb: number
}

const MB = 1 << 20
const MAX_DEPTH = 32

export const HOST_LIMITS: HostLimits = {
  plugins: 64,
  memoryBytes: 512 * MB,
  diskBytes: 4_096 * MB,
  cellMemoryMb: 4_096,
}

/** What a cell's process takes besides its plugin's heap, and a plugin's bundle, log and rows besides what it stores. */
const CELL_MB = 32
const DISK_BYTES = AUDIT_BYTES + 16 * MB

type Asked = Pick<Manifest, 'limits'> & { readonly permissions: Pick<Manifest['permissions'], 'storage'> }

const Granted = z.object({
  limits: z.object({ memoryMb: z.number() }),
  permissions: z.object({ storage: z.object({ bytes: z.number() }) }),
})

interface Share {
  readonly diskBytes: number
  readonly cellMemoryMb: number
}

const shareOf = (memoryMb: number, storageBytes: number): Share => ({
  diskBytes: DISK_BYTES + storageBytes,
  cellMemoryMb: CELL_MB + memoryMb,
})

/** A grant that cannot be read belongs to a plugin that does not start; the plugin has its rows all the same. */
const shareOfGrant = (grant: string): Share => {
  const json = readJson(grant, MAX_DEPTH)
  const granted = json.ok ? evaluate(Granted, json.value) : json
  return granted.ok ? shareOf(granted.value.limits.memoryMb, granted.value.permissions.storage.bytes) : shareOf(0, 0)
}

/**
 * Whether there is room for one more plugin besides those that are installed. What a manifest asks for counts in full, used or not,
 * so that what was granted is available when it is needed. Errors: `too-many-plugins`, `limits-exceeded`.
 */
export const noRoomFor = (
  { limits, permissions }: Asked,
  installed: readonly Pick<InstallRecord, 'grant'>[],
  host: HostLimits,
): PluginError<'too-many-plugins' | 'limits-exceeded'> | undefined => {
  if (installed.length >= host.plugins) {
    return {
      code: 'too-many-plugins',
      message: `${counted(host.plugins, 'plugin')}, as many as --max-plugins allows, can be installed: remove one first`,
    }
  }
  let { diskBytes, cellMemoryMb } = shareOf(limits.memoryMb, permissions.storage.bytes)
  for (const { grant } of installed) {
    const share = shareOfGrant(grant)
    diskBytes += share.diskBytes
    cellMemoryMb += share.cellMemoryMb
  }
  if (cellMemoryMb > host.cellMemoryMb) {
    const message = `limits.memoryMb: all plugins together would have ${cellMemoryMb} MB, ${host.cellMemoryMb} MB are there`
    return { code: 'limits-exceeded', field: 'limits.memoryMb', message }
  }
  if (diskBytes > host.diskBytes) {
    const [all, there] = [diskBytes, host.diskBytes].map((bytes) => Math.ceil(bytes / MB))
    const message = `permissions.storage.bytes: all plugins together would have ${all} MB, ${there} MB are there`
    return { code: 'limits-exceeded', field: 'permissions.storage.bytes', message }
  }
  return undefined
}
