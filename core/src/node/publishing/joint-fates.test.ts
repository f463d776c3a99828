import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import { EXPIRY, ofOurCommitment } from '../../channel/claims/fixtures/many-htlcs.ts'
import type { Claim } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { ordersOf, owner, publisherRig } from './fixtures/publisher-rig.ts'

const HEIGHT = EXPIRY + 200
const CLAIMS = ofOurCommitment().slice(1, 9)

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('block' as const), feerate: fc.integer({ min: 253, max: 20_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('taken' as const), claim: fc.nat(CLAIMS.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('undone' as const), claim: fc.nat(CLAIMS.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('mined' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('late' as const), claim: fc.nat(CLAIMS.length - 1) }) },
)

const keyOf = ({ outpoint }: Pick<Claim, 'outpoint'>): string => outpointKey(outpoint)

/** Somebody else's spend of it. */
const rivalOf = ({ tx }: Claim): Tx => ({ ...tx, outputs: tx.outputs.map((output) => ({ ...output, amount: 1_000n })) })

test('whatever becomes of outputs that are taken jointly — after each block every one that is unspent is taken by one transaction, which spends nothing that is spent, for no more than it is worth', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 14 }),
      fc.integer({ min: 1, max: 8 }),
      async (steps, first) => {
        /** What spends each output in a block. */
        const spenders = new Map<string, Tx>()
        /** What becomes due later. */
        const due = new Set(CLAIMS.slice(0, first).map(keyOf))
        const wanted = () => CLAIMS.filter((claim) => due.has(keyOf(claim)) && !spenders.has(keyOf(claim)))
        const rig = await publisherRig({ orders: ordersOf(wanted()), height: HEIGHT })
        let { publisher } = rig
        let height = HEIGHT
        const spend = async (tx: Tx) => {
          for (const { outpoint } of tx.inputs) {
            spenders.set(outpointKey(outpoint), tx)
            if (rig.watches.has(outpointKey(outpoint))) await rig.spent(tx, outpoint)
          }
        }
        const block = async (feerate: number) => {
          height += 1
          await rig.block(feerate, height)
          await rig.ask(ordersOf(wanted()), publisher)
          // The channel has asked once more, and what was given up for it is made by the next block.
          height += 1
          await rig.block(feerate, height)
          await rig.ask(ordersOf(wanted()), publisher)
          // What is in a block is handed in until it is deep.
          const confirmed = new Set([...spenders.values()].map((tx) => toHex(txidOf(tx))))
          const waiting = rig.the().filter((tx) => !confirmed.has(toHex(txidOf(tx))))
          const taken = waiting.flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpointKey(outpoint)))
          assert.deepEqual(taken.toSorted(), wanted().map(keyOf).toSorted())
          for (const tx of waiting) {
            const members = CLAIMS.filter((claim) =>
              tx.inputs.some(({ outpoint }) => outpointKey(outpoint) === keyOf(claim)),
            )
            const sum = (of: (claim: Claim) => bigint): bigint => members.reduce((all, claim) => all + of(claim), 0n)
            const fee = sum(({ amount }) => amount) - (tx.outputs[0]?.amount ?? 0n)
            assert.ok(fee > 0n && fee <= sum(({ stakes }) => stakes.budget))
          }
          const published = publisher.transactionsOf(owner.channelId).filter(({ status }) => status === 'waiting')
          assert.equal(published.length, waiting.length)
        }
        for (const each of steps) {
          switch (each.type) {
            case 'block':
              await block(each.feerate)
              break
            case 'late':
              due.add(keyOf(CLAIMS[each.claim] as Claim))
              break
            case 'taken': {
              const claim = CLAIMS[each.claim] as Claim
              if (!spenders.has(keyOf(claim)) && due.has(keyOf(claim))) await spend(rivalOf(claim))
              break
            }
            case 'mined': {
              const tx = rig.the()[each.which]
              if (tx?.inputs.every(({ outpoint }) => !spenders.has(outpointKey(outpoint)))) await spend(tx)
              break
            }
            case 'undone': {
              const tx = spenders.get(keyOf(CLAIMS[each.claim] as Claim))
              for (const { outpoint } of tx?.inputs ?? []) {
                spenders.delete(outpointKey(outpoint))
                if (rig.watches.has(outpointKey(outpoint))) await rig.unspent(outpoint)
              }
              break
            }
            case 'restart':
              rig.waiting.clear()
              rig.watches.clear()
              publisher = await rig.open()
              await rig.ask(ordersOf(wanted()), publisher)
              break
          }
        }
        await block(1_000)
        await rig.store.close()
      },
    ),
    { numRuns: 40, seed: 7 },
  )
  t.pass()
})
