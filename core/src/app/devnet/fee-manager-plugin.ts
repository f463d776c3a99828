import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { OWN_PACKAGE } from '../../lib/own-package.ts'
import type { DevnetClient } from './devnet-client.ts'

/** In the repository only; an installed package has no examples. */
const FOLDER = join(OWN_PACKAGE, '../plugins-examples/fee-manager')

/** Installs the fee manager if it is not installed yet. Returns whether it is installed. */
export const installFeeManager = async (
  client: DevnetClient,
  config: Readonly<Record<string, number>>,
): Promise<boolean> => {
  const { items } = await client.ask('plugins', 'list', {})
  if (items.some(({ name }) => name === 'fee-manager')) return true
  if (!existsSync(FOLDER)) return false
  await installAgreeing(client, config)
  return true
}

/** The plugin is ours: whoever starts a development network agrees to what it asks for. */
const installAgreeing = async (client: DevnetClient, config: Readonly<Record<string, number>>): Promise<void> => {
  const asked = await client.tryAsk('plugins', 'install', { path: FOLDER, config })
  if (asked.ok) return
  const consent = asked.error.code === 'consent-needed' ? asked.error.details?.consent : undefined
  if (typeof consent !== 'string') await client.ask('plugins', 'install', { path: FOLDER, config })
  else await client.ask('plugins', 'install', { path: FOLDER, config, consent })
}
