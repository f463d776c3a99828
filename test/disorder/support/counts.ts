import type { Ledger } from './ledger.ts'

/** What was played, beyond payments as they mostly are. */
const COUNTED = [
  'inParts',
  'byTrampoline',
  'overBlindedPaths',
  'withoutInvoice',
  'heldAndSettled',
  'heldAndGivenBack',
  'relaysAskedAbout',
  'relaysAtDeaths',
  'trampolineRelaysAtDeaths',
  'heldAtDeaths',
] as const

export type Counts = Record<(typeof COUNTED)[number], number>

export const NOTHING: Readonly<Counts> = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts

export const sumOfCounts = (a: Readonly<Counts>, b: Readonly<Counts>): Counts =>
  Object.fromEntries(COUNTED.map((name) => [name, a[name] + b[name]])) as Counts

export const tellCounts = (counts: Readonly<Counts>): string =>
  `arrived: ${counts.inParts} payments in parts, ${counts.byTrampoline} by trampoline nodes, ${counts.overBlindedPaths} for offers, ` +
  `${counts.withoutInvoice} without an invoice; held: ${counts.heldAndSettled} settled, ${counts.heldAndGivenBack} given back; ` +
  `${counts.relaysAskedAbout} relays waited for an answer; under way in processes that died: ${counts.relaysAtDeaths} relays, ` +
  `${counts.trampolineRelaysAtDeaths} of trampoline nodes, ${counts.heldAtDeaths} payments that were held`

/** What the nodes' records tell at the end. */
export const countArrived = (counts: Counts, ledgers: readonly Ledger[]): void => {
  for (const { payments, invoices } of ledgers) {
    for (const { attempts, target, status } of payments.values()) {
      if (attempts.filter((attempt) => attempt.status === 'settled').length > 1) counts.inParts += 1
      if (status !== 'settled') continue
      const { type } = target.recipient
      if (type === 'trampoline') counts.byTrampoline += 1
      if (type === 'blinded') counts.overBlindedPaths += 1
      if (type === 'keysend') counts.withoutInvoice += 1
    }
    for (const { type, state } of invoices.values()) {
      if (type !== 'hold') continue
      if (state.type === 'settled') counts.heldAndSettled += 1
      if (state.type === 'cancelled') counts.heldAndGivenBack += 1
    }
  }
}
