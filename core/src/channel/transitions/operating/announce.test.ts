import test from 'ava'
import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { compareBytes, EMPTY, equalBytes, fromHex } from '../../../lib/bytes.ts'
import { channelAnnouncementDigest } from '../../../wire/channel-announcement-digest.ts'
import type { AnnouncementSignatures, ChannelAnnouncement } from '../../../wire/messages/gossip.ts'
import { fundingScript } from '../../commitment/formats/anchors/anchors-scripts.ts'
import type { Effect } from '../../state/effects.ts'
import { FEATURES, type TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

const MINED_AT = 990

/** Both want the channel announced, and know it. Its funding was mined 11 blocks ago (`confirm`), unless `height` says otherwise. */
const announcing = (height = 1000): TwoParties => {
  const two = new TwoParties({ bob: { announcedOpenings: 'announce' } })
  for (const party of [two.alice, two.bob]) party.env = { ...party.env, height }
  return two
}

const ready = (height?: number): TwoParties => announcing(height).ready({ announce: true })

const block = (two: TwoParties, party: TestParty, height: number): readonly Effect[] => {
  party.env = { ...party.env, height }
  return two.run(party, { type: 'block', height })
}

const announcedBy = (party: TestParty): readonly ChannelAnnouncement[] =>
  party.effects.flatMap((effect) => {
    if (effect.type !== 'announce') return []
    const answer = party.sign(effect.needs)
    if (answer.type !== 'announcement-signatures') return []
    const { announcement } = effect
    return effect.localIsFirst
      ? [{ ...announcement, nodeSignature1: answer.nodeSignature, bitcoinSignature1: answer.bitcoinSignature }]
      : [{ ...announcement, nodeSignature2: answer.nodeSignature, bitcoinSignature2: answer.bitcoinSignature }]
  })

/** The signatures of the party, taken out of what it has sent. */
const signaturesOf = (two: TwoParties, party: TestParty): AnnouncementSignatures => {
  const queue = two.sentBy(party)
  const at = queue.findIndex(({ type }) => type === 'announcement_signatures')
  const [message] = queue.splice(at, 1)
  if (message?.type !== 'announcement_signatures') throw new Error(`has sent ${two.names(party)}`)
  return message
}

/** Those of bob, for a party of a channel with the same keys and funding. */
const signaturesFor = ({ funded }: TestParty): AnnouncementSignatures => {
  const two = ready(MINED_AT + 3)
  block(two, two.bob, MINED_AT + 5)
  const message = signaturesOf(two, two.bob)
  if (message.shortChannelId !== funded.shortIds.real) throw new Error('of another funding')
  return message
}

const codesOf = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === 'error' ? [effect.event.error.code] : [],
  )

test('BOLT 7, announcement_signatures — both sides send theirs once the funding is 6 deep, and each has the whole announcement', (t) => {
  const two = ready()
  const [ours, theirs] = [announcedBy(two.alice), announcedBy(two.bob)]
  t.is(ours.length, 1)
  t.deepEqual(ours, theirs)
  const [announcement] = ours
  if (announcement === undefined) return
  const { nodeId1, nodeId2, bitcoinKey1, bitcoinKey2 } = announcement
  t.true(compareBytes(nodeId1, nodeId2) < 0)
  t.is<bigint | undefined, bigint | undefined>(announcement.shortChannelId, two.alice.funded.shortIds.real)
  const digest = channelAnnouncementDigest(announcement)
  t.true(secp256k1.verify(announcement.nodeSignature1, digest, nodeId1))
  t.true(secp256k1.verify(announcement.nodeSignature2, digest, nodeId2))
  t.true(secp256k1.verify(announcement.bitcoinSignature1, digest, bitcoinKey1))
  t.true(secp256k1.verify(announcement.bitcoinSignature2, digest, bitcoinKey2))
  const first = two.alice.nodeId === nodeId1 ? two.alice : two.bob
  t.deepEqual(bitcoinKey1, first.funded.params.localKeys.fundingKey)
  // The output is the one that whoever hears of it looks for.
  const publish = two.alice.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'funding')
  if (publish?.type !== 'publish' || publish.publication.type !== 'signed') return t.fail()
  t.true(
    publish.publication.tx.outputs.some(({ script }) =>
      equalBytes(script, fundingScript(bitcoinKey1, bitcoinKey2).outputScript),
    ),
  )
  t.deepEqual(announcement.chainHash, two.alice.env.settings.chainHash)
  t.deepEqual(announcement.features, EMPTY)
})

test('BOLT 7, announcement_signatures — none goes out before the sixth confirmation', (t) => {
  const two = ready(MINED_AT + 3)
  block(two, two.alice, MINED_AT + 4)
  t.deepEqual(two.names(two.alice), [])
  block(two, two.alice, MINED_AT + 5)
  t.deepEqual(two.names(two.alice), ['announcement_signatures'])
  block(two, two.alice, MINED_AT + 6)
  t.deepEqual(two.names(two.alice), ['announcement_signatures'])
  t.is(announcedBy(two.alice).length, 0)
})

test('BOLT 7, announcement_signatures — the peer may send its own earlier, and the channel is announced at the sixth confirmation', (t) => {
  const two = ready(MINED_AT + 3)
  block(two, two.bob, MINED_AT + 5)
  two.settle()
  t.is(announcedBy(two.alice).length, 0)
  t.not(two.alice.funded.announcement, undefined)
  block(two, two.alice, MINED_AT + 5)
  t.deepEqual(two.names(two.alice), ['announcement_signatures'])
  two.settle()
  t.is(announcedBy(two.alice).length, 1)
  t.is(announcedBy(two.bob).length, 1)
})

test('BOLT 7, announcement_signatures — none for a channel that was opened without announce_channel, and none after shutdown', (t) => {
  const hidden = new TwoParties().ready()
  t.false([...hidden.alice.effects, ...hidden.bob.effects].some(({ type }) => type === 'announce'))
  const agreedOtherwise = new TwoParties({ bob: { announcedOpenings: 'unannounced' } }).ready({ announce: true })
  t.deepEqual(announcedBy(agreedOtherwise.alice), [])
  const closing = ready(MINED_AT + 3)
  closing.run(closing.alice, { type: 'close' })
  closing.lose(closing.alice)
  block(closing, closing.alice, MINED_AT + 5)
  t.deepEqual(closing.names(closing.alice), [])
})

test('BOLT 7, announcement_signatures — without those of the peer, ours are sent again on the next connection; with them only as an answer', (t) => {
  const two = ready(MINED_AT + 3)
  block(two, two.alice, MINED_AT + 5)
  t.deepEqual(
    two.lose(two.alice).map(({ type }) => type),
    ['announcement_signatures'],
  )
  block(two, two.bob, MINED_AT + 5)
  two.lose(two.bob)
  two.disconnect()
  two.connect()
  two.settle()
  t.is(announcedBy(two.alice).length, 1)
  t.is(announcedBy(two.bob).length, 1)

  two.disconnect()
  two.connect()
  const sent: string[] = []
  for (let round = 0; round < 10; round++) {
    for (const party of [two.alice, two.bob]) sent.push(two.deliver(party)?.type ?? '')
  }
  t.false(sent.includes('announcement_signatures'))

  // The peer has lost ours.
  const { announcement: _, ...without } = two.bob.funded
  two.disconnect()
  two.bob.state = { durable: without }
  two.connect()
  two.settle()
  t.not(two.bob.funded.announcement, undefined)
  t.is(two.sentBy(two.alice).length, 0)
})

test('BOLT 7, announcement_signatures — those of another funding get a warning, and nothing else happens', (t) => {
  const two = ready(MINED_AT + 3)
  block(two, two.bob, MINED_AT + 5)
  const message = signaturesOf(two, two.bob)
  const effects = two.alice.recv({ ...message, shortChannelId: message.shortChannelId + 1n })
  t.deepEqual(codesOf(effects), ['announcement-of-other-funding'])
  t.deepEqual(
    effects.flatMap((effect) => (effect.type === 'send' ? [effect.message.type] : [])),
    ['warning'],
  )
  t.is(two.alice.funded.announcement, undefined)
  t.is(two.alice.phase, 'normal')
})

for (const [field, of] of [
  ['nodeSignature', 'node'],
  ['bitcoinSignature', 'funding'],
] as const) {
  test(`BOLT 7, announcement_signatures — a wrong signature ends the connection, and the channel lives on: ${field}`, (t) => {
    const two = ready(MINED_AT + 3)
    block(two, two.bob, MINED_AT + 5)
    const message = signaturesOf(two, two.bob)
    const other = field === 'nodeSignature' ? message.bitcoinSignature : message.nodeSignature
    const effects = two.alice.recv({ ...message, [field]: other })
    t.deepEqual(codesOf(effects), ['invalid-announcement-signature'])
    t.true(
      effects.some(
        (effect) =>
          effect.type === 'emit' &&
          effect.event.type === 'error' &&
          'of' in effect.event.error &&
          effect.event.error.of === of,
      ),
    )
    t.true(effects.some(({ type }) => type === 'disconnect'))
    t.is(two.alice.funded.announcement, undefined)
    t.is(two.alice.phase, 'normal')
  })
}

/** How many updates of the channel were told to the other side alone. */
const toldBy = ({ effects }: TestParty): number =>
  effects.filter((effect) => effect.type === 'send' && effect.message.type === 'channel_update').length

test('channel_update — the peer alone is told none while it may be announcing the channel: it loses the next ones then, if it is LND', (t) => {
  t.true(toldBy(ready(MINED_AT + 2).alice) > 0)
  const two = ready(MINED_AT + 3)
  const { alice } = two
  two.run(alice, { type: 'set-relay-fees', policy: { feeBaseMsat: 7n } })
  two.disconnect()
  two.connect()
  two.settle()
  block(two, alice, MINED_AT + 9)
  t.is(toldBy(alice), 0)
  // It has signed: it is past that.
  block(two, two.bob, MINED_AT + 9)
  two.settle()
  t.is(announcedBy(alice).length, 1)
  // What it was not told until now, without another connection.
  const told = toldBy(alice)
  t.true(told > 0)
  two.run(alice, { type: 'set-relay-fees', policy: { feeBaseMsat: 8n } })
  t.is(toldBy(alice), told + 1)
})

test('channel_update — a peer that has not signed a day after the sixth confirmation is told what it would be of any channel', (t) => {
  const two = ready(MINED_AT + 3)
  const { alice } = two
  for (const [height, told] of [
    [MINED_AT + 148, 0],
    [MINED_AT + 149, 1],
  ] as const) {
    block(two, alice, height)
    two.lose(alice)
    two.disconnect()
    two.connect()
    two.settle()
    t.is(toldBy(alice), told)
  }
})

test('channel_update — the peer alone is told of a channel that is not to be announced, however deep it is', (t) => {
  t.true(toldBy(new TwoParties().ready().alice) > 0)
})

test('BOLT 7, announcement_signatures — those that come before our channel_ready are kept until it is sent', (t) => {
  const two = announcing()
  two.open({ announce: true })
  two.confirm(two.bob)
  const { shortIds, params } = two.bob.funded
  const signer = ready()
  block(signer, signer.bob, 1000)
  t.is(shortIds.real, signer.bob.funded.shortIds.real)
  const early = signer.bob.effects.find(
    (effect) => effect.type === 'send' && effect.message.type === 'announcement_signatures',
  )
  if (early?.type !== 'send') return t.fail('bob never signed')
  const message = signer.bob.complete(early)
  if (message.type !== 'announcement_signatures') return t.fail(message.type)
  t.deepEqual(message.channelId, params.channelId)
  two.deliver(two.bob)
  two.alice.recv(message)
  t.is(two.alice.funded.announcement, undefined)
  two.confirm(two.alice)
  t.not(two.alice.funded.announcement, undefined)
  t.is(announcedBy(two.alice).length, 1)
})

for (const from of ['chain', 'reestablishment'] as const) {
  test(`announcement_signatures — those that come while the channel rests are kept until it speaks: ${from}`, (t) => {
    const two = ready(MINED_AT + 3)
    const { alice, bob } = two
    two.disconnect()
    two.connect()
    two.lose(alice)
    alice.run({ type: 'disconnected', epoch: 2 })
    two.run(alice, { type: 'connected', epoch: 2, remoteFeatures: FEATURES, rest: { from, heard: [] } })
    two.deliver(bob)
    alice.recv(signaturesFor(alice))
    t.is(alice.funded.announcement, undefined)
    alice.env = { ...alice.env, height: MINED_AT + 5 }
    two.run(alice, { type: 'timer', timer: 'rest' })
    t.not(alice.funded.announcement, undefined)
    t.is(announcedBy(alice).length, 1)
  })
}

test('channel_announcement — one that the network has tells us what the peer has signed, if its signatures never came or were lost', (t) => {
  const two = ready()
  const { alice } = two
  const [whole] = announcedBy(alice)
  if (whole === undefined) return t.fail('never announced')
  const { announcement, ...without } = alice.funded
  two.disconnect()
  alice.state = { durable: without }
  const found = (change: Partial<ChannelAnnouncement> = {}) =>
    two.run(alice, { type: 'announcement-found', announcement: { ...whole, ...change } })
  // Of another block, or not signed as we would have it: that says nothing of this channel.
  found({ shortChannelId: whole.shortChannelId + 1n })
  for (const [one, two] of [
    ['nodeSignature1', 'nodeSignature2'],
    ['bitcoinSignature1', 'bitcoinSignature2'],
  ] as const) {
    found({ [one]: whole[two], [two]: whole[one] })
  }
  t.is(alice.state.durable, without)
  t.deepEqual(found(), [])
  t.deepEqual(alice.funded.announcement, announcement)
  const known = alice.state
  found()
  t.is(alice.state, known)
  const count = announcedBy(alice).length
  two.connect()
  two.settle()
  t.is(announcedBy(alice).length, count + 1)
})

test('channel_announcement — one that the network has is of no use for a channel that closes', (t) => {
  const two = ready()
  const { alice } = two
  const [announcement] = announcedBy(alice)
  if (announcement === undefined) return t.fail('never announced')
  const { announcement: _, ...without } = alice.funded
  alice.state = { ...alice.state, durable: without }
  two.run(alice, { type: 'close' })
  two.run(alice, { type: 'announcement-found', announcement })
  t.is(alice.funded.announcement, undefined)
})

test('BOLT 7, announcement_signatures — in another block the funding has another id, and both sign anew', (t) => {
  const two = ready()
  const [old] = announcedBy(two.alice)
  const { txid } = two.alice.funded.active[0]?.localParams.fundingOutpoint ?? { txid: fromHex('') }
  for (const party of [two.alice, two.bob]) two.run(party, { type: 'unconfirmed', txid })
  t.is(two.alice.funded.announcement, undefined)
  const publish = two.alice.effects.find((effect) => effect.type === 'publish' && effect.purpose === 'funding')
  if (publish?.type !== 'publish' || publish.publication.type !== 'signed') return t.fail('no funding')
  const { tx } = publish.publication
  for (const party of [two.alice, two.bob])
    two.run(party, { type: 'confirmed', txid, tx, blockHeight: 992, txIndex: 3 })
  two.settle()
  const [, next] = announcedBy(two.alice)
  t.is(next?.shortChannelId, two.alice.funded.shortIds.real)
  t.not(next?.shortChannelId, old?.shortChannelId)
})

test('BOLT 7, announcement_signatures — in another block the funding has another id, and both sign anew: also without a word of the first block', (t) => {
  const two = ready()
  const { fundingTx: tx, active } = two.alice.funded
  const { txid } = active[0]?.localParams.fundingOutpoint ?? { txid: fromHex('') }
  if (tx === undefined) return t.fail('no funding')
  for (const party of [two.alice, two.bob])
    two.run(party, { type: 'confirmed', txid, tx, blockHeight: 992, txIndex: 3 })
  two.settle()
  t.is(announcedBy(two.alice).length, 2)
})
