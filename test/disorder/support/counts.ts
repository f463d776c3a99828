/** What was played, beyond payments as they mostly are. */
const COUNTED = [
  'inParts',
  'byTrampoline',
  'overBlindedPaths',
  'refunds',
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
  `${counts.refunds} for refunds, ${counts.withoutInvoice} without an invoice; held: ${counts.heldAndSettled} settled, ${counts.heldAndGivenBack} given back; ` +
  `${counts.relaysAskedAbout} relays waited for an answer; under way in processes that died: ${counts.relaysAtDeaths} relays, ` +
  `${counts.trampolineRelaysAtDeaths} of trampoline nodes, ${counts.heldAtDeaths} payments that were held`
