export { CONFIG_MOST, type ConfigObjectSchema, type ConfigSchema } from './config-schema.ts'
export type { FieldFilter } from './filters.ts'
export { type Budget, type Grant, GrantSchema, type Manifest, ManifestSchema, USUAL_LIMITS } from './manifest.ts'
export { amount, type FieldRange } from './values.ts'
