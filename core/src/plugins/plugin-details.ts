import type { Budget } from '@fulgurite/plugin-sdk/manifest'
import type { Holding } from './account.ts'
import type { Budgets, Used } from './budgets.ts'
import type { HostServices } from './host-services.ts'
import type { InstallRecord } from './install-record.ts'
import { type InstalledPlugin, readInstalled } from './installed-files.ts'
import type { PluginStatus } from './plugin-status.ts'

/** All about one plugin, as the contract's `plugins.inspect` shows it. */
export interface PluginDetails {
  readonly plugin: PluginStatus
  readonly publisher?: string
  readonly source: string
  /** Of manifest and code. */
  readonly digest: string
  /** As it was installed. */
  readonly manifest?: Readonly<Record<string, unknown>>
  /** What the operator has set. */
  readonly settings: Readonly<Record<string, unknown>>
  /** With the defaults filled in. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly budget?: BudgetUse
  readonly account: readonly Holding[]
}

/** How much of a budget is used, and how large it is. */
type BudgetUse = ReturnType<typeof budgetUse>

const budgetUse = (budget: Budget, used: Used) => ({
  windowMs: budget.windowMs,
  usedPaysOutMsat: used.paysOutMsat,
  limitPaysOutMsat: budget.paysOutMsat,
  usedFeesMsat: used.feesMsat,
  limitFeesMsat: budget.feesMsat,
  usedLocksSat: used.locksSat,
  limitLocksSat: budget.locksSat,
  usedActions: used.actions,
  limitActions: budget.actions,
  usedQueries: used.queries,
  limitQueries: budget.queries,
  usedKeepsToday: used.keeps,
  limitKeepsPerDay: budget.keepsPerDay,
})

/** Everything that the host knows of an installed plugin; less if its files have changed since it was installed. */
export const pluginDetails = async (
  services: HostServices,
  record: InstallRecord,
  plugin: PluginStatus,
): Promise<PluginDetails> => {
  const read = await readInstalled(services.folder, record)
  const budgets = (await services.ledger()).of(record.name)
  return {
    plugin,
    ...(record.publisher === undefined ? {} : { publisher: record.publisher }),
    source: record.source,
    digest: record.integrity,
    settings: record.config,
    ...(read.ok ? ofManifest(read.value, budgets) : {}),
    account: services.book(record.name).account.holdings(),
  }
}

const ofManifest = ({ manifest, asWritten, config }: InstalledPlugin, budgets: Budgets) => ({
  manifest: asWritten,
  config,
  budget: budgetUse(manifest.budget, budgets.used(manifest)),
})
