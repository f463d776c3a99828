import test from 'ava'
import type { OutputPlace, PlacedOutput } from '../../chain/chain-backend.ts'
import type { FundingOutput } from '../../graph/rules/channel-announcement.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { type ShortChannelId, shortChannelId } from '../../lib/ids.ts'
import { FundingLookup } from './funding-lookup.ts'

const txidOf = (height: number, tx: number): Uint8Array => Uint8Array.of(height, tx, ...new Array(30).fill(0))
const at = (blockHeight: number, txIndex: number, outputIndex: number): ShortChannelId =>
  shortChannelId({ blockHeight, txIndex, outputIndex })

/** Each block has two transactions, and only the first output of each is unspent. */
const outputIn = (height: number, { txIndex, outputIndex }: OutputPlace): PlacedOutput => {
  if (txIndex > 1) return { type: 'missing' }
  if (outputIndex > 0) return { type: 'spent' }
  const amount = BigInt(txIndex * 10)
  return { type: 'unspent', txid: txidOf(height, txIndex), amount, script: Uint8Array.of(Number(amount)) }
}

const rig = () => {
  const clock = virtualClock()
  const read: number[] = []
  const pruned = new Set<number>()
  const state = { isDown: false }
  const backend = {
    outputsAt: async (height: number, places: readonly OutputPlace[]) => {
      read.push(height)
      if (state.isDown) throw new Error('down')
      return pruned.has(height) ? undefined : places.map((place) => outputIn(height, place))
    },
  }
  return { clock, read, pruned, state, lookup: new FundingLookup(backend, clock) }
}

const unspent = (height: number, tx: number): FundingOutput => ({
  type: 'unspent',
  ...{ amountSat: BigInt(tx * 10), script: Uint8Array.of(tx * 10), txid: txidOf(height, tx) },
})

test('an output is found by its place, spent or not, and what is not there is missing', async (t) => {
  const { lookup } = rig()
  const ids = [at(5, 1, 0), at(5, 0, 1), at(5, 2, 0), at(5, 0, 2)]
  t.deepEqual(await Promise.all(ids.map((id) => lookup.lookUp(id))), [
    unspent(5, 1),
    { type: 'spent' },
    { type: 'missing' },
    { type: 'spent' },
  ])
})

test('a block is read once for all that is asked of it while others are read', async (t) => {
  const { lookup, read } = rig()
  await Promise.all([at(5, 0, 0), at(6, 0, 0), at(6, 1, 0), at(7, 0, 0), at(6, 0, 1)].map((id) => lookup.lookUp(id)))
  t.deepEqual(read, [5, 6, 7])
})

test('a block that is pruned, or a backend that is down, waits and holds up nothing else', async (t) => {
  const { lookup, pruned, state, clock, read } = rig()
  pruned.add(5)
  let answer: FundingOutput | undefined
  void lookup.lookUp(at(5, 1, 0)).then((output) => {
    answer = output
  })
  t.deepEqual(await lookup.lookUp(at(6, 1, 0)), unspent(6, 1))
  t.is(answer, undefined)
  state.isDown = true
  await clock.advance(600_000)
  state.isDown = false
  pruned.clear()
  await clock.advance(600_000)
  t.deepEqual(answer, unspent(5, 1))
  t.deepEqual(read, [5, 6, 5, 5])
})

test('a block that never comes is given up, and so is all of it when the node stops', async (t) => {
  const { lookup, pruned, clock, read } = rig()
  pruned.add(5)
  const never = lookup.lookUp(at(5, 1, 0))
  for (let i = 0; i < 6; i++) await clock.advance(600_000)
  t.is(await never, undefined)
  t.is(read.length, 6)
  const stopped = lookup.lookUp(at(5, 1, 0))
  await clock.advance(0)
  lookup.stop()
  await clock.advance(600_000)
  t.is(await stopped, undefined)
  t.is(await lookup.lookUp(at(6, 1, 0)), undefined)
})
