import { createHash } from 'node:crypto'
import type { HostWrite } from './host-store.ts'
import type { Reservation, ReservationChange } from './reservations.ts'

/** Rows of limits. They belong to the plugin's name, and stay when the plugin is removed. */
const PREFIX = 'limits/'
const TIME = `${PREFIX}time`
const USAGE = `${PREFIX}usage/`
const LEFT = `${PREFIX}left/`
const SPENT = `${PREFIX}spent/`

interface StoredReservation extends Omit<Reservation, 'cost'> {
  readonly cost: { readonly paysOutMsat: string; readonly feesMsat: string; readonly locksSat: string }
}

/** Everything that is kept about limits. */
export interface KeptLedger {
  /** The ledger's time when it was stored; the true time may be a little later. */
  readonly time: number
  readonly usage: ReadonlyMap<string, string>
  readonly left: ReadonlyMap<string, string>
  readonly reservations: ReadonlyMap<string, readonly Reservation[]>
}

export const ledgerRows = {
  prefix: PREFIX,
  time: (now: number): HostWrite => [TIME, String(now)],
  usage: (plugin: string, text: string): HostWrite => [`${USAGE}${plugin}`, text],
  left: (plugin: string, text: string): HostWrite => [`${LEFT}${plugin}`, text],
  reservation: (plugin: string, { key, reservation }: ReservationChange): HostWrite => [
    `${SPENT}${plugin}/${sha256(key)}`,
    reservation === undefined ? undefined : encode(reservation),
  ],
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const encode = ({ key, name, digest, asked, at, cost, isOpen }: Reservation): string => {
  const { paysOutMsat, feesMsat, locksSat } = cost
  const texts = { paysOutMsat: `${paysOutMsat}`, feesMsat: `${feesMsat}`, locksSat: `${locksSat}` }
  return JSON.stringify({ key, name, digest, asked, at, cost: texts, isOpen } satisfies StoredReservation)
}

export const readLedger = (rows: readonly (readonly [key: string, value: string])[]): KeptLedger => {
  let time = 0
  const usage = new Map<string, string>()
  const left = new Map<string, string>()
  const reservations = new Map<string, Reservation[]>()
  for (const [row, value] of rows) {
    if (row === TIME) time = Math.max(time, Number(value))
    else if (row.startsWith(USAGE)) {
      usage.set(row.slice(USAGE.length), value)
      time = Math.max(time, (JSON.parse(value) as { readonly at: number }).at)
    } else if (row.startsWith(LEFT)) left.set(row.slice(LEFT.length), value)
    else if (row.startsWith(SPENT)) {
      const plugin = row.slice(SPENT.length, row.lastIndexOf('/'))
      const { cost, ...stored } = JSON.parse(value) as StoredReservation
      const { paysOutMsat, feesMsat, locksSat } = cost
      const amounts = { paysOutMsat: BigInt(paysOutMsat), feesMsat: BigInt(feesMsat), locksSat: BigInt(locksSat) }
      const reservation = { ...stored, cost: amounts }
      time = Math.max(time, reservation.at)
      reservations.set(plugin, [...(reservations.get(plugin) ?? []), reservation])
    }
  }
  return { time, usage, left, reservations }
}
