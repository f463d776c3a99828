import { openApi } from '../src/contract/openapi.ts'
import { contractSchema } from './contract-schema.ts'
import { decoders } from './decoders.ts'
import { manifestSchema } from './manifest-schema.ts'
import { referencePages } from './reference.ts'
import { guestTypes } from './typescript.ts'

/** Everything that is derived from the contract: path from the repository's root, and text. */
export const outputs = (): ReadonlyMap<string, string> =>
  new Map([
    ['plugin-sdk/src/generated/types.ts', guestTypes()],
    ['plugin-sdk/src/generated/decoders.ts', decoders()],
    ['plugin-sdk/generated/contract.schema.json', contractSchema()],
    ['plugin-sdk/generated/openapi.json', openApi()],
    ['plugin-sdk/src/generated/manifest.schema.json', manifestSchema()],
    ...[...referencePages()].map(([file, text]) => [`docs/reference/${file}`, text] as const),
  ])
