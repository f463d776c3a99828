import type { FieldRange, Manifest } from './manifest.ts'

const rangeText = ({ min, max }: FieldRange): string => `${min ?? 'any'}..${max ?? 'any'}`

/** What a plugin was granted, one line each, for people. */
export const permissionLines = ({ permissions, budget }: Manifest): readonly string[] => {
  const { events, queries, commands, hooks, http, storage, secrets } = permissions
  const lines = [
    ...Object.entries(events).map(([name, { filter }]) => `event ${name}${filter === undefined ? '' : ' (filtered)'}`),
    ...queries.map((name) => `query ${name}`),
    ...Object.entries(commands).map(([name, { bounds }]) => {
      const limits = Object.entries(bounds).map(([field, range]) => `${field} ${rangeText(range)}`)
      return ['command', name, ...limits].join(' ')
    }),
    ...Object.entries(hooks).map(([name, { verdicts }]) => `hook ${name}: ${verdicts.join(', ')}`),
    ...http.map(({ host, reason }) => `http ${host}: ${reason}`),
    ...secrets.map((name) => `secrets of ${name}`),
    `storage ${storage.bytes} bytes`,
  ]
  const { paysOutMsat, feesMsat, locksSat, windowMs } = budget
  if (paysOutMsat + feesMsat + locksSat > 0n) {
    lines.push(`budget in ${windowMs} ms: pays out ${paysOutMsat} msat, fees ${feesMsat} msat, locks ${locksSat} sat`)
  }
  return lines.map((line) => line.slice(0, 256))
}
