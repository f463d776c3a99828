export type { HostStore, HostWrite, PageOfRows } from './host-store.ts'
export { createPluginHost, type Hold, type PluginHost, type PluginHostOptions } from './plugin-host.ts'
