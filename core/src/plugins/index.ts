export type { HostStore, HostWrite } from './host-store.ts'
export { createPluginHost, type PluginHost, type PluginHostOptions, type PluginStatus } from './plugin-host.ts'
