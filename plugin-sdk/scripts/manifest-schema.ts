import { z } from 'zod'
import { ManifestSchema } from '../src/contract/manifest/index.ts'

/** Draft 2020-12 of JSON Schema, as far as manifests need it. */
export interface ManifestJsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, ManifestJsonSchema>>
  readonly type?: string
  readonly const?: string
  readonly enum?: readonly (string | number | boolean)[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, ManifestJsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | ManifestJsonSchema
  readonly propertyNames?: ManifestJsonSchema
  readonly items?: ManifestJsonSchema
  readonly anyOf?: readonly ManifestJsonSchema[]
  readonly oneOf?: readonly ManifestJsonSchema[]
  readonly allOf?: readonly ManifestJsonSchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly not?: ManifestJsonSchema
}

/** What a manifest may hold, from the schema that the node reads it by. */
export const manifestJsonSchema = (): ManifestJsonSchema =>
  z.toJSONSchema(ManifestSchema, { io: 'input', reused: 'inline' }) as ManifestJsonSchema

export const manifestSchema = (): string =>
  `${JSON.stringify({ title: 'A Fulgurite plugin', ...manifestJsonSchema() }, undefined, 1)}\n`
