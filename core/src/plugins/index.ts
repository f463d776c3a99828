export type { HostStore, HostWrite } from './host-store.ts'
export { createPluginHost, type Hold, type PluginHost, type PluginHostOptions } from './plugin-host.ts'
