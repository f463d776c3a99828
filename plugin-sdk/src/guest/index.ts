export type * from '../generated/types.ts'
export { ActorError } from './actor-error.ts'
export { definePlugin, type PluginDefinition } from './define-plugin.ts'
export type * from './plugin-api.ts'
