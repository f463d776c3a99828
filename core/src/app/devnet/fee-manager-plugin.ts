import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { NodeClient } from './node-client.ts'

/** In the repository; an installed package has no examples beside it. */
const FOLDER = fileURLToPath(new URL('../../../../plugins-examples/fee-manager', import.meta.url))

/** Installs the fee manager where it is not installed yet. Answers whether it is there. */
export const installFeeManager = async (
  client: NodeClient,
  config: Readonly<Record<string, number>>,
): Promise<boolean> => {
  const { items } = await client.ask('plugins', 'list', {})
  if (items.some(({ name }) => name === 'fee-manager')) return true
  if (!existsSync(FOLDER)) return false
  await client.ask('plugins', 'install', { path: FOLDER, config })
  return true
}
