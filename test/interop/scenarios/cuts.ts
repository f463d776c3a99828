import type { TestNode } from '../../scenarios/support/world.ts'
import type { Cut, Peer } from '../drivers/driver.ts'
import type { Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

const sent = (message: string): Cut[] => [
  { message, moment: 'before-sending' },
  { message, moment: 'after-sending' },
]

const got = (message: string): Cut => ({ message, moment: 'after-receiving' })

/** Each message of a payment that the peer makes, as BOLT 2 orders them, and of the reconnection after it. */
const PEER_PAYS: readonly Cut[] = [
  ...sent('update_add_htlc'),
  ...sent('commitment_signed'),
  got('revoke_and_ack'),
  got('commitment_signed'),
  ...sent('revoke_and_ack'),
  got('update_fulfill_htlc'),
  ...sent('commitment_signed'),
  ...sent('channel_reestablish'),
  got('channel_reestablish'),
]

const WE_PAY: readonly Cut[] = [
  got('update_add_htlc'),
  got('commitment_signed'),
  ...sent('revoke_and_ack'),
  ...sent('commitment_signed'),
  got('revoke_and_ack'),
  ...sent('update_fulfill_htlc'),
  ...sent('commitment_signed'),
  got('channel_reestablish'),
  ...sent('channel_reestablish'),
]

/** All payments come to an end, and what they came to is what both sides hold. */
const paysThroughCuts = async (
  stage: Stage,
  cuts: readonly Cut[],
  pay: (us: TestNode, peer: Peer, amountMsat: bigint) => Promise<boolean>,
  direction: 1n | -1n,
): Promise<void> => {
  const { t } = stage
  const { us, peer, channelId } = await stage.channel({ pushMsat: 400_000_000n })
  stage.keepConnected(us)
  await peer.restartWith({ cuts })
  await stage.isUsable(us, peer, channelId)
  const before = us.payloads('peer.disconnected').length
  let balance = 600_000_000n
  let amount = 3_000_000n
  // A reconnection may meet the next cut, so that there may be fewer payments than cuts.
  for (let made = 0; us.payloads('peer.disconnected').length < before + cuts.length; made++) {
    t.true(made < cuts.length, `${made} payments, and not all of the ${cuts.length} cuts`)
    amount += 1n
    if (await pay(us, peer, amount)) balance += direction * amount
    t.is((await stage.settled(us, peer, channelId)).oursMsat, balance)
    await stage.isUsable(us, peer, channelId)
  }
  t.deepEqual(us.payloads('channel.errored'), [])
  t.true(await pay(us, peer, 1_000_000n))
}

/**
 * After a cut the connection may go once more: a peer may hang up where we name a channel that it has forgotten, and where
 * both have called, one call takes the other's place. An opening ends with its connection.
 */
const opensAnew = async (stage: Stage, us: TestNode, peer: Peer): Promise<void> => {
  for (;;) {
    const before = us.payloads('peer.disconnected').length
    try {
      await stage.openFrom(peer, us, { capacitySat: 400_000n })
      return
    } catch (error) {
      await us.until(async () => us.payloads('peer.disconnected').length > before).catch(() => Promise.reject(error))
      await stage.until('connected again', () => peer.isConnected(us.id))
    }
  }
}

/** However an opening was cut, the next one works, and nothing is left of a broken one. */
const opensThroughCuts = async (
  stage: Stage,
  cuts: readonly Cut[],
  open: (us: TestNode, peer: Peer) => Promise<string | undefined>,
): Promise<void> => {
  const { t } = stage
  const peer = await stage.peer()
  for (const cut of cuts) {
    const name = `${cut.moment} ${cut.message}`
    await peer.restartWith({ cuts: [cut] })
    // Another one each time, and only one: what the peer says about channels of earlier ones would meet the cut.
    const us = await stage.node(`us, ${name}`)
    stage.keepConnected(us)
    await stage.connect(us, peer)
    const before = us.payloads('peer.disconnected').length
    const channelId = await open(us, peer)
    if (channelId !== undefined) await stage.becomesUsable(us, peer, channelId)
    await us.until(async () => us.payloads('peer.disconnected').length > before)
    await stage.until('connected again', () => peer.isConnected(us.id))
    await opensAnew(stage, us, peer)
    t.true((await peer.pay(await us.invoice(1_000_000n))).ok, name)
    const { items } = await us.ask('channels', 'list', {})
    t.deepEqual(new Set(items.map(({ state }) => state)), new Set(['usable']), name)
    // An opening that both have forgotten was neither spent nor closed.
    const closed = us.payloads('channel.closed').map(({ kind }) => kind)
    t.deepEqual(
      closed.filter((kind) => kind !== 'never-funded'),
      [],
      name,
    )
    await us.stop()
  }
}

/** However a close was cut, one transaction comes of it, and the channel counts as closed by both. */
const closesThroughCuts = async (
  stage: Stage,
  cuts: readonly Cut[],
  close: (us: TestNode, peer: Peer, channelId: string) => Promise<unknown>,
): Promise<void> => {
  const { t } = stage
  const peer = await stage.peer()
  for (const [index, cut] of cuts.entries()) {
    const name = `${cut.moment} ${cut.message}`
    const us = await stage.node(`us, ${name}`)
    await stage.connect(us, peer)
    const opening = { capacitySat: 500_000n, pushMsat: 200_000_000n }
    const channelId = index % 2 === 0 ? await stage.openTo(peer, us, opening) : await stage.openFrom(peer, us, opening)
    await peer.restartWith({ cuts: [cut] })
    stage.keepConnected(us)
    await stage.connect(us, peer)
    await stage.isUsable(us, peer, channelId)
    const before = us.payloads('peer.disconnected').length
    await close(us, peer, channelId)
    await us.until(async () => us.payloads('peer.disconnected').length > before)
    await stage.until(`a closing transaction, ${name}`, async () => (await stage.mempool()).length === 1)
    await stage.mine(6)
    const closed = () => us.payloads('channel.closed').find((each) => each.channelId === channelId)
    await us.until(async () => closed() !== undefined)
    t.is(closed()?.kind, 'mutual', name)
    await us.stop()
  }
}

const dropped = (error: unknown): undefined => {
  if (!(error instanceof Error)) throw error
  return undefined
}

export const cuts = group('Lost connections', [
  {
    title: 'the peer loses the connection at each message of a payment that it makes — the payment ends once',
    role: 'peer',
    needs: ['cuts'],
    ownPeers: true,
    run: (stage) =>
      paysThroughCuts(
        stage,
        PEER_PAYS,
        async (us, peer, amountMsat) => (await peer.pay(await us.invoice(amountMsat))).ok,
        1n,
      ),
  },
  {
    title: 'the peer loses the connection at each message of a payment that we make — the payment ends once',
    role: 'we',
    needs: ['cuts'],
    ownPeers: true,
    run: (stage) =>
      paysThroughCuts(
        stage,
        WE_PAY,
        async (us, peer, amountMsat) => {
          const { bolt11 } = await peer.createInvoice({ amountMsat })
          return (await us.pay(bolt11)).status === 'settled'
        },
        -1n,
      ),
  },
  {
    title: 'the peer loses the connection at each message of its opening — the next opening works',
    role: 'peer',
    needs: ['cuts'],
    ownPeers: true,
    run: (stage) =>
      opensThroughCuts(
        stage,
        [
          ...sent('open_channel'),
          got('accept_channel'),
          ...sent('funding_created'),
          got('funding_signed'),
          ...sent('channel_ready'),
          got('channel_ready'),
        ],
        (us, peer) => peer.openChannel(us.id, { capacitySat: 300_000n }).catch(dropped),
      ),
  },
  {
    title: 'the peer loses the connection at each message of our opening — the next opening works',
    role: 'we',
    needs: ['cuts'],
    ownPeers: true,
    run: (stage) =>
      opensThroughCuts(
        stage,
        [
          got('open_channel'),
          ...sent('accept_channel'),
          got('funding_created'),
          ...sent('funding_signed'),
          ...sent('channel_ready'),
          got('channel_ready'),
        ],
        async (us, peer) => {
          const opened = await us.tryAsk('channels', 'open', { nodeId: peer.nodeId, fundingSat: 300_000n })
          return opened.ok ? (opened.value as { channelId: string }).channelId : undefined
        },
      ),
  },
  {
    title: 'the peer loses the connection at each message of a close that it begins — the close comes to its end',
    role: 'peer',
    needs: ['cuts'],
    ownPeers: true,
    run: (stage) =>
      closesThroughCuts(
        stage,
        [...sent('shutdown'), got('shutdown'), ...sent('closing_signed'), got('closing_signed')],
        (_us, peer, channelId) => peer.closeChannel(channelId),
      ),
  },
  {
    title: 'the peer loses the connection at each message of a close that we begin — the close comes to its end',
    role: 'we',
    needs: ['cuts'],
    ownPeers: true,
    run: (stage) =>
      closesThroughCuts(
        stage,
        [got('shutdown'), ...sent('shutdown'), got('closing_signed'), ...sent('closing_signed')],
        (us, _peer, channelId) => us.ask('channels', 'close', { channelId }),
      ),
  },
])
