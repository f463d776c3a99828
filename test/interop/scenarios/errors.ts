import { fromHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { inject } from '../stage/message-tap.ts'
import { ours, type Stage, theirs } from '../stage/stage.ts'
import { group } from './scenario.ts'

const setUp = (stage: Stage) => stage.channel({ pushMsat: 300_000_000n })

const logged = (stage: Stage, lines: () => readonly string[], text: string): Promise<void> =>
  stage.until(`the peer writes "${text}" down`, () => lines().some((line) => line.includes(text)))

export const errors = group('Warnings and errors', [
  {
    title: 'our warning — the peer writes it down, and the channel goes on',
    role: 'we',
    needs: ['message-log'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await setUp(stage)
      inject(peer.nodeId, { type: 'warning', channelId: fromHex(channelId), data: utf8Encode('mind the gap') })
      await logged(stage, () => peer.log(), 'mind the gap')
      await stage.isUsable(us, peer, channelId)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 1_000_000n })).bolt11)).status, 'settled')
      t.true((await theirs(peer, channelId)).isUsable)
    },
  },
  {
    title: 'our error about one channel — the peer closes that one alone, and the other goes on',
    role: 'we',
    needs: ['message-log'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await setUp(stage)
      const other = await stage.openTo(peer, us, { pushMsat: 200_000_000n })
      await us.ask('channels', 'forceClose', { channelId })
      await stage.mineUntil(
        'the end of the channel',
        async () => (await peer.channels()).every((each) => each.channelId !== channelId),
        3,
        1,
      )
      await stage.isUsable(us, peer, other)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 1_000_000n })).bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, other)).oursMsat, 799_000_000n)
    },
  },
  {
    title: 'our error about no channel in particular — the peer closes all of them, and we see its commitments',
    role: 'we',
    needs: ['closes-on-error', 'push'],
    async run(stage) {
      const { us, peer, channelId } = await setUp(stage)
      const other = await stage.openFrom(peer, us, { pushMsat: 200_000_000n })
      inject(peer.nodeId, { type: 'error', channelId: new Uint8Array(32), data: utf8Encode('that was that') })
      await stage.until('the end of both channels', async () =>
        (await peer.channels()).every((each) => ![channelId, other].includes(each.channelId)),
      )
      await logged(stage, () => peer.log(), 'that was that')
      // The peer publishes its commitments: we see them, whatever we thought of the channels.
      await stage.until('both commitments', async () => (await stage.mempool()).length >= 2)
      await stage.mine(1)
      for (const id of [channelId, other]) {
        await us.until(async () => (await ours(us, id)).closeKind === 'remote-force')
        stage.t.is((await ours(us, id)).state, 'closing')
      }
    },
  },
  {
    title: 'a preimage from us that is none — the peer fails the channel with an error, which we report',
    role: 'we',
    needs: ['error-on-bad-preimage'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await setUp(stage)
      inject(peer.nodeId, {
        type: 'update_fulfill_htlc',
        channelId: fromHex(channelId),
        id: 77n,
        paymentPreimage: new Uint8Array(32).fill(7),
      })
      await us.until(async () => us.payloads('channel.errored').length > 0)
      t.like(us.payloads('channel.errored')[0], { channelId, source: 'remote', code: 'peer-error' })
      t.true(String(us.payloads('channel.errored')[0]?.text).length > 0)
      t.is((await ours(us, channelId)).state, 'closing')
      await stage.until('a commitment', async () => (await stage.mempool()).length > 0)
      await stage.mineUntil(
        'the end of the channel on both sides',
        async () =>
          (await ours(us, channelId)).closeKind !== undefined &&
          (await peer.channels()).every((each) => each.channelId !== channelId),
        5,
        1,
      )
      const { bolt11 } = await peer.createInvoice({ amountMsat: 1_000n })
      t.false((await us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })).ok)
    },
  },
  {
    title: 'a message about a channel that the peer does not know — nothing else breaks',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await setUp(stage)
      inject(peer.nodeId, {
        type: 'update_fulfill_htlc',
        channelId: new Uint8Array(32).fill(9),
        id: 0n,
        paymentPreimage: new Uint8Array(32),
      })
      // Some hang up over it: then the payment may need another try.
      const { bolt11 } = await peer.createInvoice({ amountMsat: 1_000_000n })
      await us.until(async () => {
        await stage.isUsable(us, peer, channelId)
        return (await us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })).ok
      })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 699_000_000n)
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
])
