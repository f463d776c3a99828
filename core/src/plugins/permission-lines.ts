import { findOperation, isCommand } from '@fulgurite/plugin-sdk/contract'
import type { FieldRange, Manifest } from './manifest.ts'

const rangeText = ({ min, max }: FieldRange): string => `${min ?? 'any'}..${max ?? 'any'}`

/** Whether it may leave something in the node for ever that nothing is paid for: what it makes, or what of it fails. */
const keeps = (name: string): boolean => {
  const [actor = '', operation = ''] = name.split('.')
  const found = findOperation(actor, operation)
  return found !== undefined && isCommand(found) && (found.effects.includes('keeps') || found.keyRequired)
}

/** What a plugin was granted, one line each, for people. */
export const permissionLines = ({ permissions, budget }: Manifest): readonly string[] => {
  const { events, queries, commands, hooks, http, storage, secrets } = permissions
  const lines = [
    ...Object.entries(events).map(([name, { filter }]) => `event ${name}${filter === undefined ? '' : ' (filtered)'}`),
    ...queries.map((name) => `query ${name}`),
    ...Object.entries(commands).map(([name, { bounds, rate }]) => {
      const limits = Object.entries(bounds).map(([field, range]) => `${field} ${rangeText(range)}`)
      const often = rate === undefined ? [] : [`${rate.max} in ${rate.perMs} ms`]
      return ['command', name, ...limits, ...often].join(' ')
    }),
    ...Object.entries(hooks).map(([name, { verdicts }]) => `hook ${name}: ${verdicts.join(', ')}`),
    ...http.map(({ host, reason }) => `http ${host}: ${reason}`),
    ...secrets.map((name) => `secrets of ${name}`),
    `storage ${storage.bytes} bytes`,
    ...(Object.keys(commands).some(keeps)
      ? [`leaves what the node keeps for ever, and pays nothing for it: ${budget.keepsPerDay} a day at most`]
      : []),
  ]
  const { paysOutMsat, feesMsat, locksSat, windowMs } = budget
  if (paysOutMsat + feesMsat + locksSat > 0n) {
    const hours = Number((windowMs / 3_600_000).toFixed(2))
    lines.push(
      `spends in ${hours} h of the node's running at most: pays out ${paysOutMsat} msat, fees ${feesMsat} msat, locks ${locksSat} sat`,
    )
  }
  return lines.map((line) => line.slice(0, 256))
}
