import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { type Grant, GrantSchema, type Manifest } from '@fulgurite/plugin-sdk/manifest'
import { readJson } from '../lib/json.ts'

const MAX_DEPTH = 32

/** What a manifest asks for, as the lock file keeps it. */
export const grantOf = ({ permissions, budget, limits, calls }: Manifest | Grant): string =>
  JSON.stringify({ permissions, budget, limits, calls }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )

/** What was granted; `undefined` if it cannot be read. */
export const readGrant = (text: string): Grant | undefined => {
  const json = readJson(text, MAX_DEPTH)
  const grant = json.ok ? evaluate(GrantSchema, json.value) : json
  return grant.ok ? grant.value : undefined
}

/** Whether exactly this was granted. Fields that are newer than the grant have their default in both. */
export const isGrantOf = (text: string, manifest: Manifest): boolean => {
  const asked = grantOf(manifest)
  if (asked === text) return true
  const grant = readGrant(text)
  return grant !== undefined && grantOf(grant) === asked
}
