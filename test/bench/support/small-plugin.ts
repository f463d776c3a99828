import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const CODE = `
  import { definePlugin } from '@fulgurite/plugin-sdk'
  export default definePlugin(({ events, log }) => {
    events.each('relays', 'payment.relayed', ({ feeMsat }) => log.info('earned', feeMsat))
  })`

/** Writes a plugin that has little to do. Returns its folder. */
export const writeSmallPlugin = (folder: string, name: string): string => {
  const path = join(folder, name)
  mkdirSync(path)
  const permissions = { events: { 'payment.relayed': {} }, storage: { bytes: 1_024 } }
  const manifest = {
    name,
    version: '1.0.0',
    contract: '^0.1.0',
    entry: './index.ts',
    permissions,
    limits: { memoryMb: 8 },
  }
  writeFileSync(join(path, 'fulgurite.plugin.json'), JSON.stringify(manifest))
  writeFileSync(join(path, 'index.ts'), CODE)
  return path
}
