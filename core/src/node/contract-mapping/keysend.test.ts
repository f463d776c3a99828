import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import { seededRng } from '../../lib/rng.ts'
import { testNode } from '../../payment/fixtures/nodes.ts'
import { vectorOfBits } from '../../wire/features.ts'
import type { MappingContext } from './context.ts'
import { keysend, partsRefusal } from './keysend.ts'

const payee = testNode('payee').nodeId

test('payments.keysend — whether a destination gets parts is what it shows, and one of which nothing is known gets one part', (t) => {
  const asked = (bits: readonly number[] | undefined, maxParts: number) => {
    const connection = bits && { remoteFeatures: vectorOfBits(bits) }
    const context = {
      options: { rng: seededRng(1) },
      signer: { nodeId: testNode('us').nodeId },
      peerDirectory: { get: () => ({ connection }) },
      gossip: undefined,
    } as unknown as MappingContext
    const request = { destination: toHex(payee), amountMsat: 1_000n, maxParts }
    const made = keysend(context, request)
    return partsRefusal(context, request)?.code ?? (made.ok && made.value.target.multiPart)
  }
  t.is(asked([8, 14, 17], 2), true)
  t.is(asked([8, 14, 17], 1), false)
  t.is(asked([8, 14], 2), 'parts-not-supported')
  t.is(asked(undefined, 2), false)
})
