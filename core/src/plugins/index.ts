export type { HostStore, HostWrite, PageOfRows } from './host-store.ts'
export type { PluginError, PluginErrorCode } from './plugin-error.ts'
export { createPluginHost, type PluginHost, type PluginHostOptions } from './plugin-host.ts'
export type { Hold } from './plugin-status.ts'
