import * as ldk from 'lightningdevkit'
import { WitnessVersion } from 'lightningdevkit/structs/CommonBase.mjs'
import { parseWitnessProgram } from '../../../../core/src/bitcoin/script.ts'

/** Whether the bindings gave an object around nothing, or none at all: their types know of neither. */
export const isAbsent = (value: object | null): boolean => value === null || Reflect.get(value, 'ptr') === 0n

export const optional = (value: ldk.Option_u64Z): bigint | undefined =>
  value instanceof ldk.Option_u64Z_Some ? value.some : undefined

export const optionalNumber = (value: ldk.Option_u32Z): number | undefined =>
  value instanceof ldk.Option_u32Z_Some ? value.some : undefined

export const shutdownScript = (script: Uint8Array): ldk.ShutdownScript => {
  const parsed = parseWitnessProgram(script)
  if (parsed === undefined) throw new Error('not a witness program')
  const program = ldk.WitnessProgram.constructor_new(parsed.program, new WitnessVersion(parsed.version))
  const made = ldk.ShutdownScript.constructor_new_witness_program(program)
  if (!(made instanceof ldk.Result_ShutdownScriptInvalidShutdownScriptZ_OK)) throw new Error('LDK takes no such script')
  return made.res
}

export const recipientFields = (records: Readonly<Record<number, Uint8Array>>): ldk.RecipientOnionFields => {
  const fields = ldk.RecipientOnionFields.constructor_spontaneous_empty()
  const tlvs = Object.entries(records).map(([type, value]) =>
    ldk.TwoTuple_u64CVec_u8ZZ.constructor_new(BigInt(type), value),
  )
  if (tlvs.length === 0) return fields
  const made = fields.with_custom_tlvs(tlvs)
  if (!(made instanceof ldk.Result_RecipientOnionFieldsNoneZ_OK)) throw new Error('LDK takes no such records')
  return made.res
}

export const apiError = (result: object): string => {
  const error: unknown = 'err' in result ? result.err : undefined
  return typeof error === 'object' && error !== null && 'err' in error ? String(error.err) : String(error)
}
