import test from 'ava'
import { dustLimit, feeForWeight } from '../../../bitcoin/fees.ts'
import { type Tx, txidOf } from '../../../bitcoin/transaction.ts'
import { concat, equalBytes, fromHex, toHex } from '../../../lib/bytes.ts'
import { ecdsa } from '../../../wire/funding-signature.ts'
import type { ClosingComplete, ClosingSig } from '../../../wire/messages/channel-close.ts'
import { closingWeight } from '../../commitment/closing-transaction.ts'
import type { FundingTerms } from '../../commitment/commitment-terms.ts'
import { ANCHORS_ZERO_FEE_HTLC } from '../../commitment/formats/anchors/anchors-format.ts'
import { buildSimpleClose, CLOSE_VARIANTS, type CloseVariant } from '../../commitment/simple-close-transaction.ts'
import { decodeChannel, encodeChannel } from '../../persistence/channel-codec.ts'
import { resume } from '../../resume.ts'
import type { SignedClose } from '../../state/closing.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelMessage } from '../../state/inputs.ts'
import { channelReestablish } from '../common/our-numbers.ts'
import { completeSpend } from '../common/publications.ts'
import { closeOf } from '../common/simple-close.ts'
import { errors, seeClose } from '../fixtures/closing.ts'
import { FEATURES, SIMPLE_CLOSE, type TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'

const simple = (): TwoParties => new TwoParties({ alice: { features: SIMPLE_CLOSE }, bob: { features: SIMPLE_CLOSE } })

/** Alice has opened it, with this much pushed to bob. */
const ready = (pushMsat = 200_000_000n, funding = 1_000_000n): TwoParties => simple().ready({ pushMsat, funding })

const closesIn = (effects: readonly Effect[], party: TestParty): readonly Tx[] =>
  effects.flatMap((effect) =>
    effect.type === 'publish' && effect.purpose === 'mutual-close' && effect.publication.type === 'funding-spend'
      ? [completeSpend(effect.publication, party.signWithFundingKey)]
      : [],
  )

const published = (party: TestParty): readonly string[] => closesIn(party.effects, party).map((tx) => toHex(txidOf(tx)))

const setRates = (party: TestParty, closing: number): void => {
  party.env = { ...party.env, feerates: { ...party.env.feerates, closing } }
}

const takeComplete = (two: TwoParties, from: TestParty): ClosingComplete => {
  const [message] = two.lose(from).filter(({ type }) => type === 'closing_complete')
  if (message?.type !== 'closing_complete') throw new Error('no closing_complete')
  return message
}

const takeSig = (two: TwoParties, from: TestParty): ClosingSig => {
  const [message] = two.lose(from).filter(({ type }) => type === 'closing_sig')
  if (message?.type !== 'closing_sig') throw new Error('no closing_sig')
  return message
}

/** Both have shut down; what each has proposed since then is on its way. */
const shutDown = (two: TwoParties, by: TestParty): void => {
  two.run(by, { type: 'close' })
  two.deliver(by)
  two.deliver(two.other(by))
}

/** A closing_complete that this party could send, with these variants signed, whatever the rules say. */
const complete = (
  party: TestParty,
  terms: Partial<Omit<SignedClose, 'closer' | 'answer'>> = {},
  variants: readonly CloseVariant[] = CLOSE_VARIANTS,
): ClosingComplete => {
  const { localShutdown, remoteShutdown, params } = party.funded
  if (localShutdown === undefined || remoteShutdown === undefined) throw new Error('not shut down')
  const close: SignedClose = {
    closer: 'local',
    localScript: localShutdown,
    remoteScript: remoteShutdown,
    fee: 500n,
    locktime: 0,
    ...terms,
  }
  const built = closeOf(party.funded, close)
  const answer = party.sign({
    type: 'closing-signatures',
    tasks: variants.map((variant) => [variant, buildSimpleClose(built, variant).task] as const),
  })
  if (answer.type !== 'closing-signatures') throw new Error('no signatures')
  return {
    type: 'closing_complete',
    channelId: params.channelId,
    closerScriptpubkey: close.localScript,
    closeeScriptpubkey: close.remoteScript,
    feeSatoshis: close.fee,
    locktime: close.locktime,
    ...Object.fromEntries(answer.signatures),
  }
}

const variantsOf = (message: ClosingComplete | ClosingSig): readonly string[] =>
  CLOSE_VARIANTS.filter((variant) => message[variant] !== undefined)

const answers = (party: TestParty, message: ChannelMessage): readonly string[] =>
  party
    .recv(message)
    .flatMap((effect) =>
      effect.type === 'send' ? [effect.message.type] : effect.type === 'disconnect' ? ['hang up'] : [],
    )

const P2WPKH = (byte: string): Uint8Array => fromHex(`0014${byte.repeat(20)}`)
const OP_RETURN = fromHex(`6a06${'aa'.repeat(6)}`)

test('BOLT 2, closing_complete — both sides propose a close once shutdown went both ways, and each signs the other’s', (t) => {
  const two = ready()
  setRates(two.bob, 4_000)
  two.run(two.bob, { type: 'close' })
  shutDown(two, two.alice)
  t.deepEqual(two.names(two.alice), ['closing_complete'])
  t.deepEqual(two.names(two.bob), ['closing_complete'])
  two.settle()
  for (const party of [two.alice, two.bob]) {
    t.is(party.phase, 'closing')
    t.is(party.funded.closes?.length, 2)
    t.is(new Set(published(party)).size, 2)
    t.deepEqual(errors(party), [])
  }
  t.deepEqual([...published(two.alice)].sort(), [...published(two.bob)].sort())
})

test('BOLT 3, closing transaction — the closer pays, inputs are replaceable, the locktime is the message’s', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const message = takeComplete(two, two.alice)
  t.is(
    message.feeSatoshis,
    feeForWeight(2500, closingWeight(ANCHORS_ZERO_FEE_HTLC, [message.closerScriptpubkey, message.closeeScriptpubkey])),
  )
  const [tx] = closesIn(two.bob.recv({ ...complete(two.alice, { locktime: 900, fee: 777n }) }), two.bob)
  t.is(tx?.version, 2)
  t.is(tx?.lockTime, 900)
  t.is(tx?.inputs[0]?.sequence, 0xfffffffd)
  t.deepEqual(
    tx?.outputs.map(({ amount }) => amount),
    [200_000n, 800_000n - 777n],
  )
})

test('BOLT 3, closing transaction — balances are rounded down, and an OP_RETURN has no amount', (t) => {
  const amounts = (closerScript: Uint8Array, closeeScript: Uint8Array) =>
    buildSimpleClose(
      {
        format: ANCHORS_ZERO_FEE_HTLC,
        funding: ready().alice.funded.active[0]?.localParams as FundingTerms,
        closer: { script: closerScript, balanceMsat: 600_000_999n },
        closee: { script: closeeScript, balanceMsat: 399_999_001n },
        fee: 1_000n,
        locktime: 0,
      },
      'closerAndCloseeOutputs',
    )
      .tx.outputs.map(({ amount }) => amount)
      .toSorted()
  t.deepEqual(amounts(P2WPKH('aa'), P2WPKH('bb')), [399_999n, 599_000n])
  t.deepEqual(amounts(OP_RETURN, P2WPKH('bb')), [0n, 399_999n])
  t.deepEqual(amounts(P2WPKH('aa'), OP_RETURN), [0n, 599_000n])
})

test('BOLT 2, closing_complete — who has more signs with and without the other’s output, who has less only with both', (t) => {
  for (const [pushMsat, alice, bob] of [
    [200_000_000n, ['closerOutputOnly', 'closerAndCloseeOutputs'], ['closerAndCloseeOutputs']],
    [800_000_000n, ['closerAndCloseeOutputs'], ['closerOutputOnly', 'closerAndCloseeOutputs']],
    [500_000_000n, ['closerOutputOnly', 'closerAndCloseeOutputs'], ['closerOutputOnly', 'closerAndCloseeOutputs']],
    // Bob's output is dust: alice leaves it out, and bob's own close has only hers.
    [293_000n, ['closerOutputOnly'], ['closeeOutputOnly']],
    [0n, ['closerOutputOnly'], []],
  ] as const) {
    const two = ready(pushMsat)
    shutDown(two, two.alice)
    two.run(two.bob, { type: 'close' })
    t.deepEqual(variantsOf(takeComplete(two, two.alice)), [...alice], `${pushMsat}`)
    const ofBob = two.lose(two.bob).filter((message): message is ClosingComplete => message.type === 'closing_complete')
    t.deepEqual(ofBob.flatMap(variantsOf), [...bob], `${pushMsat}`)
  }
})

test('BOLT 2, closing_complete — it names our script and the peer’s last, our locktime, and signs each variant of the transaction of BOLT 3', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const message = takeComplete(two, two.alice)
  t.deepEqual(message.closerScriptpubkey, two.alice.funded.localShutdown)
  t.deepEqual(message.closeeScriptpubkey, two.bob.funded.localShutdown)
  t.is(message.locktime, 0)
  const { closerScriptpubkey: remoteScript, closeeScriptpubkey: localScript, feeSatoshis: fee, locktime } = message
  const close = closeOf(two.bob.funded, { closer: 'remote', localScript, remoteScript, fee, locktime })
  for (const variant of CLOSE_VARIANTS) {
    const signature = message[variant]
    if (signature === undefined) continue
    t.true(close.format.isFundingSignature(close.funding, buildSimpleClose(close, variant).task, signature), variant)
  }
  t.is(variantsOf(message).length, 2)
})

test('BOLT 2, closing_complete — who has less and could keep only dust gives it up as the fee', (t) => {
  const two = ready(450_000n)
  two.run(two.bob, { type: 'close', minFeeratePerKw: 500 })
  two.settle()
  const [ours] = (two.bob.funded.closes ?? []).filter(({ closer }) => closer === 'local')
  t.is(ours?.fee, 450n)
  t.is(ours?.answer?.variant, 'closeeOutputOnly')
  t.deepEqual([...published(two.alice)].sort(), [...published(two.bob)].sort())
})

test('BOLT 2, closing_complete — the fee leaves who has more an output that is not dust', (t) => {
  const two = ready(300_000n, 50_000n)
  two.run(two.alice, { type: 'close', minFeeratePerKw: 200_000, feeratePerKw: 200_000 })
  two.settle()
  const [ours] = (two.alice.funded.closes ?? []).filter(({ closer }) => closer === 'local')
  t.is(ours?.fee, 49_700n - dustLimit(two.alice.keys.localShutdownScript))
})

test('closing_complete — who has not asked waits for the other, who pays; then it pays the least that relays, or today’s rate if the other cannot', (t) => {
  const paid = (pushMsat: bigint, isForPeer: boolean) => {
    const two = ready(pushMsat)
    shutDown(two, two.bob)
    t.deepEqual(two.names(two.alice), isForPeer ? [] : ['closing_complete'])
    if (isForPeer) two.run(two.alice, { type: 'timer', timer: 'closing-answer' })
    return takeComplete(two, two.alice)
  }
  const rich = paid(200_000_000n, true)
  const weight = closingWeight(ANCHORS_ZERO_FEE_HTLC, [rich.closerScriptpubkey, rich.closeeScriptpubkey])
  t.is(rich.feeSatoshis, feeForWeight(253, weight))
  const poor = paid(1_000_000n, false)
  t.is(poor.feeSatoshis, feeForWeight(2500, weight))
})

test('BOLT 2, closing_complete — a fee above the balance, scripts that may not be, and a signature that lacks or is bad are refused by hanging up, and nothing is signed', (t) => {
  const cases: readonly [string, (two: TwoParties) => ChannelMessage][] = [
    ['closer-fee-above-balance', ({ bob }) => complete(bob, { fee: 200_001n })],
    ['closee-script-not-ours', ({ bob }) => complete(bob, { remoteScript: P2WPKH('ee') })],
    ['closer-script-invalid', ({ bob }) => complete(bob, { localScript: fromHex('6a05aabbccddee') })],
    ['closer-script-invalid', ({ bob }) => complete(bob, { localScript: fromHex('51') })],
    ['close-variant-missing', ({ bob }) => complete(bob, {}, ['closerOutputOnly'])],
    ['close-variant-missing', ({ bob }) => complete(bob, {}, [])],
    [
      'invalid-close-signature',
      ({ bob }) => ({ ...complete(bob), closerAndCloseeOutputs: ecdsa(new Uint8Array(64).fill(1)) }),
    ],
    ['invalid-close-signature', ({ bob }) => ({ ...complete(bob), feeSatoshis: 501n })],
    ['invalid-close-signature', ({ bob }) => ({ ...complete(bob), locktime: 1 })],
    ['invalid-close-signature', ({ bob }) => highS(complete(bob))],
  ]
  for (const [code, message] of cases) {
    const two = ready()
    shutDown(two, two.alice)
    const before = two.alice.funded.closes
    t.deepEqual(answers(two.alice, message(two)), ['warning', 'hang up'], code)
    t.deepEqual(errors(two.alice), [code])
    t.is(two.alice.funded.closes, before, code)
    t.deepEqual(published(two.alice), [], code)
    t.is(two.alice.phase, 'negotiating')
  }
})

const ORDER = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')

/** The same signatures with the other S. */
const highS = (message: ClosingComplete): ClosingComplete => {
  const flipped = Object.fromEntries(
    CLOSE_VARIANTS.flatMap((variant) => {
      const known = message[variant]
      if (known === undefined) return []
      const s = ORDER - BigInt(`0x${toHex(known.signature.subarray(32))}`)
      return [[variant, ecdsa(concat(known.signature.subarray(0, 32), fromHex(s.toString(16).padStart(64, '0'))))]]
    }),
  )
  return { ...message, ...flipped }
}

test('BOLT 2, closing_complete — the variant to sign: ours is left out if it is dust, else both outputs if they were signed', (t) => {
  const signed = (pushMsat: bigint, variants: readonly CloseVariant[]) => {
    const two = ready(pushMsat)
    shutDown(two, two.alice)
    two.lose(two.bob)
    two.run(two.bob, { type: 'peer-message', epoch: 1, message: complete(two.alice, {}, variants) })
    return variantsOf(takeSig(two, two.bob))
  }
  t.deepEqual(signed(200_000_000n, CLOSE_VARIANTS), ['closerAndCloseeOutputs'])
  t.deepEqual(signed(200_000_000n, ['closeeOutputOnly', 'closerOutputOnly']), ['closeeOutputOnly'])
  t.deepEqual(signed(293_999n, CLOSE_VARIANTS), ['closerOutputOnly'])
  t.deepEqual(signed(294_000n, CLOSE_VARIANTS), ['closerAndCloseeOutputs'])
})

test('BOLT 2, closing_complete — a closer that gives its part away by OP_RETURN gets no amount', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const effects = two.alice.recv(complete(two.bob, { localScript: OP_RETURN, fee: 1_000n }))
  const [tx] = closesIn(effects, two.alice)
  t.deepEqual(
    tx?.outputs.map(({ amount, script }) => [amount, toHex(script)]),
    [
      [0n, toHex(OP_RETURN)],
      [800_000n, toHex(two.alice.keys.localShutdownScript)],
    ],
  )
  // And our own close from now on.
  t.true(equalBytes(two.alice.funded.remoteShutdown ?? new Uint8Array(), OP_RETURN))
})

test('shutdown — an OP_RETURN is taken where option_simple_close is negotiated, and there alone', (t) => {
  for (const features of [SIMPLE_CLOSE, FEATURES]) {
    const two = new TwoParties({ alice: { features }, bob: { features } }).ready({ pushMsat: 200_000_000n })
    const { channelId } = two.alice.funded.params
    two.alice.recv({ type: 'shutdown', channelId, scriptpubkey: OP_RETURN })
    t.deepEqual(errors(two.alice), features === SIMPLE_CLOSE ? [] : ['invalid-shutdown-script'])
  }
})

test('BOLT 2, closing_sig — anything but one valid signature of what was asked for is refused by hanging up', (t) => {
  const cases: readonly [string, (sig: ClosingSig) => ClosingSig][] = [
    ['closing-sig-mismatch', (sig) => ({ ...sig, feeSatoshis: sig.feeSatoshis + 1n })],
    ['closing-sig-mismatch', (sig) => ({ ...sig, locktime: 5 })],
    ['closing-sig-mismatch', (sig) => ({ ...sig, closerScriptpubkey: P2WPKH('01') })],
    ['closing-sig-mismatch', (sig) => ({ ...sig, closeeScriptpubkey: P2WPKH('01') })],
    ['closing-sig-not-single', ({ closerAndCloseeOutputs: _, ...sig }) => sig],
    [
      'closing-sig-not-single',
      (sig) => ({ ...sig, closerOutputOnly: sig.closerAndCloseeOutputs ?? ecdsa(new Uint8Array(64)) }),
    ],
    // A record that alice, who has more, never signs.
    [
      'closing-sig-mismatch',
      ({ closerAndCloseeOutputs, ...sig }) => ({
        ...sig,
        closeeOutputOnly: closerAndCloseeOutputs ?? ecdsa(new Uint8Array(64)),
      }),
    ],
    ['invalid-close-signature', (sig) => ({ ...sig, closerAndCloseeOutputs: ecdsa(new Uint8Array(64).fill(1)) })],
  ]
  for (const [code, alter] of cases) {
    const two = ready()
    shutDown(two, two.alice)
    two.lose(two.bob)
    two.deliver(two.alice)
    const sig = takeSig(two, two.bob)
    t.deepEqual(answers(two.alice, alter(sig)), ['warning', 'hang up'], code)
    t.deepEqual(errors(two.alice), [code])
    t.is(two.alice.phase, 'negotiating')
    t.deepEqual(published(two.alice), [])
  }
})

test('recv closing_sig — one that was not asked for is refused', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  two.lose(two.bob)
  two.deliver(two.alice)
  const sig = takeSig(two, two.bob)
  two.alice.recv(sig)
  t.is(two.alice.phase, 'closing')
  t.deepEqual(answers(two.alice, sig), ['warning', 'hang up'])
})

test('BOLT 2, closing_complete — another one waits for the answer to the last', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const first = takeComplete(two, two.alice)
  two.lose(two.bob)
  two.run(two.alice, { type: 'close', minFeeratePerKw: 9_000, feeratePerKw: 10_000 })
  t.deepEqual(two.names(two.alice), [])
  two.run(two.bob, { type: 'peer-message', epoch: 1, message: first })
  two.deliver(two.bob)
  t.deepEqual(two.names(two.alice), ['closing_complete'])
  t.true(takeComplete(two, two.alice).feeSatoshis > first.feeSatoshis * 3n)
})

test('BOLT 2, closing_complete — without an answer in time the connection ends, and the next one starts anew', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const first = takeComplete(two, two.alice)
  two.lose(two.bob)
  const effects = two.alice.run({ type: 'timer', timer: 'closing-answer' })
  t.true(effects.some(({ type }) => type === 'disconnect'))
  t.deepEqual(errors(two.alice), ['closing-sig-not-received'])
  t.is(two.alice.phase, 'negotiating')
  const before = two.alice.funded
  two.disconnect()
  two.connect()
  for (let message = 0; message < 3; message++) {
    two.deliver(two.alice)
    two.deliver(two.bob)
  }
  const again: unknown = two.sentBy(two.alice).at(-1)
  t.deepEqual(again, first)
  t.is(two.alice.funded, before)
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.is(two.bob.phase, 'closing')
})

test('close — asked for again at a higher rate it is replaced, by either side, and any of the closes may confirm', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close', feeratePerKw: 3_000 })
  two.settle()
  const before = published(two.alice).length
  two.run(two.alice, { type: 'close', minFeeratePerKw: 5_000, feeratePerKw: 6_000 })
  two.settle()
  t.is(published(two.alice).length, before + 1)
  two.run(two.bob, { type: 'close', minFeeratePerKw: 8_000, feeratePerKw: 9_000 })
  two.settle()
  const all = published(two.alice)
  t.is(new Set(all).size, before + 2)
  t.deepEqual([...all].sort(), [...published(two.bob)].sort())
  for (const txid of new Set(all)) {
    const tx = closesIn(two.alice.effects, two.alice).find((each) => toHex(txidOf(each)) === txid)
    if (tx === undefined) return t.fail()
    const copy = { ...two.alice.state }
    seeClose(two.alice, tx)
    const { durable } = two.alice.state
    t.is(durable.phase === 'closing' ? durable.closing.spends.at(-1)?.kind : undefined, 'mutual')
    two.alice.state = copy
  }
})

test('close — asked for again with the same it changes nothing; a fee that is paid already is not paid again', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close', feeratePerKw: 3_000 })
  two.settle()
  for (const minFeeratePerKw of [253, 1_000, 2_500, 2_600]) {
    const effects = two.run(two.alice, { type: 'close', requestId: 'again', minFeeratePerKw, feeratePerKw: 3_000 })
    t.deepEqual(effects, [{ type: 'reply', requestId: 'again', result: { ok: true, value: { type: 'done' } } }])
  }
  // What the peer pays counts.
  two.run(two.bob, { type: 'close', minFeeratePerKw: 8_000, feeratePerKw: 9_000 })
  two.settle()
  const before = published(two.alice).length
  two.run(two.alice, { type: 'close', minFeeratePerKw: 8_100, feeratePerKw: 9_000 })
  two.settle()
  t.is(published(two.alice).length, before)
})

test('close — a replacement asked for while the peer is away is proposed when it is back', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close', feeratePerKw: 3_000 })
  two.settle()
  two.disconnect()
  two.run(two.alice, { type: 'close', minFeeratePerKw: 5_000, feeratePerKw: 6_000 })
  const before = published(two.alice).length
  two.connect()
  two.settle()
  t.is(published(two.alice).length, before + 1)
  t.is(published(two.bob).length, published(two.alice).length)
  // Nothing more is wanted, so that we do not speak first.
  two.disconnect()
  two.connect()
  t.deepEqual(two.names(two.alice), [])
})

test('close — where the peer closes by closing_signed, what both have signed is not replaced, and the operator is told so', (t) => {
  const two = new TwoParties({ alice: { features: SIMPLE_CLOSE }, bob: { features: FEATURES } }).ready({
    pushMsat: 200_000_000n,
  })
  two.run(two.alice, { type: 'close', feeratePerKw: 3_000 })
  two.settle()
  t.is(two.alice.phase, 'closing')
  const replace = { type: 'close', requestId: 'r', minFeeratePerKw: 9_000, feeratePerKw: 9_000 } as const
  t.deepEqual(two.run(two.alice, replace), [
    { type: 'reply', requestId: 'r', result: { ok: false, error: { code: 'close-not-replaceable' } } },
  ])
})

test('BOLT 2, closing_complete — to another script, before and after the peer was told: a close that pays there replaces the others', (t) => {
  const elsewhere = P2WPKH('cc')
  const two = ready()
  two.run(two.alice, { type: 'close', feeratePerKw: 6_000 })
  two.settle()
  const refused = two.run(two.alice, { type: 'close', requestId: 'r', scriptPubkey: elsewhere, feeratePerKw: 2_500 })
  const [reply] = refused
  t.true(reply?.type === 'reply' && !reply.result.ok && reply.result.error.code === 'replacement-too-cheap')
  two.run(two.alice, { type: 'close', scriptPubkey: elsewhere, feeratePerKw: 6_000 })
  two.settle()
  const tx = closesIn(two.bob.effects, two.bob).at(-1)
  t.true(tx?.outputs.some(({ script }) => equalBytes(script, elsewhere)))
  t.true(equalBytes(two.bob.funded.remoteShutdown ?? new Uint8Array(), elsewhere))
  t.is(two.alice.funded.closingScript, undefined)
  // What comes to the wallet is counted whichever close confirms.
  const first = closesIn(two.alice.effects, two.alice)[0]
  if (first === undefined) return t.fail()
  seeClose(two.alice, first)
  two.alice.env = { ...two.alice.env, height: 1010 }
  two.alice.run({ type: 'block', height: 1010 })
})

test('BOLT 2, closing_complete — both name another script at the same time: both hang up, and the next connection agrees', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close', feeratePerKw: 6_000 })
  two.settle()
  two.run(two.alice, { type: 'close', scriptPubkey: P2WPKH('a1'), feeratePerKw: 6_000 })
  two.run(two.bob, { type: 'close', scriptPubkey: P2WPKH('b1'), feeratePerKw: 6_000 })
  two.deliver(two.alice)
  two.deliver(two.bob)
  t.deepEqual(errors(two.alice), ['closee-script-not-ours'])
  t.deepEqual(errors(two.bob), ['closee-script-not-ours'])
  two.disconnect()
  for (const party of [two.alice, two.bob]) {
    party.run({ type: 'close', minFeeratePerKw: 20_000, feeratePerKw: 30_000 })
  }
  two.connect()
  two.settle()
  for (const party of [two.alice, two.bob]) {
    const tx = closesIn(party.effects, party).at(-1)
    for (const script of [P2WPKH('a1'), P2WPKH('b1')]) {
      t.true(tx?.outputs.some((output) => equalBytes(output.script, script)))
    }
  }
})

test('shutdown — a second one on the same connection with another script ends the connection', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const { channelId } = two.alice.funded.params
  t.deepEqual(answers(two.alice, { type: 'shutdown', channelId, scriptpubkey: P2WPKH('dd') }), ['warning', 'hang up'])
})

test('closing_complete — with a script other than the one promised at the opening it is refused', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const { durable } = two.alice.state
  if (!('params' in durable) || durable.phase !== 'negotiating') return t.fail()
  two.alice.state = {
    ...two.alice.state,
    durable: { ...durable, params: { ...durable.params, remoteUpfrontShutdown: two.bob.keys.localShutdownScript } },
  }
  t.deepEqual(answers(two.alice, complete(two.bob, { localScript: P2WPKH('dd') })), ['warning', 'hang up'])
  t.deepEqual(errors(two.alice), ['shutdown-script-not-as-promised'])
})

test('closing_complete and closing_signed — the one that is not in force is refused by hanging up', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  const { channelId } = two.alice.funded.params
  const signed = { type: 'closing_signed', channelId, feeSatoshis: 500n, signature: ecdsa(new Uint8Array(64)) } as const
  t.deepEqual(answers(two.alice, signed), ['warning', 'hang up'])
  const legacy = new TwoParties().ready({ pushMsat: 200_000_000n })
  shutDown(legacy, legacy.alice)
  legacy.lose(legacy.alice)
  t.deepEqual(answers(legacy.alice, complete(legacy.bob)), ['warning', 'hang up'])
})

test('closing_complete — before shutdown has gone both ways it gets a warning', (t) => {
  const two = ready()
  const { channelId } = two.alice.funded.params
  const message = {
    type: 'closing_complete',
    channelId,
    closerScriptpubkey: OP_RETURN,
    closeeScriptpubkey: OP_RETURN,
    feeSatoshis: 1n,
    locktime: 0,
  } as const
  t.deepEqual(answers(two.alice, message), ['warning'])
  t.is(two.alice.phase, 'normal')
})

test('close — with HTLCs pending it is proposed once none is left, and a closing_complete that comes early is kept', (t) => {
  const two = ready()
  two.add(two.alice, 1)
  two.settle()
  two.run(two.bob, { type: 'close' })
  two.settle()
  t.is(two.alice.phase, 'shutdown')
  t.false(two.alice.effects.some((effect) => effect.type === 'send' && effect.message.type === 'closing_complete'))
  two.fulfil(two.bob, 0n, 1)
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.is(two.bob.phase, 'closing')
  t.deepEqual(errors(two.alice), [])
  t.deepEqual(errors(two.bob), [])
})

test('recv closing_complete — one that cannot be mined now is signed, and does not count as the close', (t) => {
  for (const terms of [{ locktime: 5_000 }, { fee: 10n }, { locktime: 1_700_000_000 }]) {
    const two = ready()
    shutDown(two, two.alice)
    two.lose(two.alice)
    t.deepEqual(answers(two.alice, complete(two.bob, terms)), ['closing_sig'])
    t.is(two.alice.phase, 'negotiating')
    t.is(published(two.alice).length, 1)
    // Ours is still waited for.
    t.true(two.alice.run({ type: 'timer', timer: 'closing-answer' }).some(({ type }) => type === 'disconnect'))
  }
})

test('recv closing_complete — one that pays a satoshi for each vbyte, as LND does, counts', (t) => {
  for (const [fee, phase] of [
    [181n, 'closing'],
    [150n, 'negotiating'],
  ] as const) {
    const two = ready()
    shutDown(two, two.alice)
    two.lose(two.alice)
    t.deepEqual(answers(two.alice, complete(two.bob, { fee })), ['closing_sig'])
    t.is(two.alice.phase, phase)
  }
})

test('recv closing_complete — a peer cannot crowd out what we have signed, nor go on for ever', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  two.settle()
  const ours = two.alice.funded.closes?.find(({ closer }) => closer === 'local')
  let hungUp = 0
  for (let fee = 1_000n; fee < 1_030n && hungUp === 0; fee++) {
    if (answers(two.alice, complete(two.bob, { fee })).includes('hang up')) hungUp = Number(fee)
  }
  t.is(hungUp, 1_020)
  const { closes = [] } = two.alice.funded
  t.is(closes.length, 5)
  t.is(
    closes.find(({ closer }) => closer === 'local'),
    ours,
  )
})

test('recv closing_complete — however often a peer comes back, it gets so many new ones signed in a day, over restarts too', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  two.settle()
  const { channelId } = two.bob.funded.params
  const scriptpubkey = two.bob.funded.localShutdown ?? new Uint8Array(0)
  const propose = (fee: bigint): readonly string[] => answers(two.alice, complete(two.bob, { fee }))
  let signed = 0
  for (let fee = 1_000n; fee < 1_200n; fee++) {
    if (propose(fee).includes('closing_sig')) signed += 1
    if (fee % 10n !== 9n) continue
    two.disconnect()
    const { channelRow, htlcRows } = encodeChannel(undefined, two.alice.funded)
    const read = decodeChannel(channelRow, htlcRows)
    if (!read.ok) return t.fail(read.error.code)
    two.alice.state = { durable: read.value }
    two.connect()
    two.alice.recv(channelReestablish(two.bob.funded, two.bob.env))
    two.alice.recv({ type: 'shutdown', channelId, scriptpubkey })
  }
  t.is(signed, 144)
  // One that was signed is signed again, and a day later there is room for others.
  const before = two.alice.state.durable
  t.true(propose(1_143n).includes('closing_sig'))
  t.is(two.alice.state.durable, before, 'nothing is written for it')
  two.alice.env = { ...two.alice.env, height: two.alice.env.height + 144 }
  t.true(propose(1_500n).includes('closing_sig'))
  t.is(two.alice.funded.closesTaken?.count, 1)
})

test('recv closing_complete — those that cannot be mined push out none that can, and are not told as the close', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  two.lose(two.alice)
  t.deepEqual(answers(two.alice, complete(two.bob, { fee: 500n })), ['closing_sig'])
  const [good] = published(two.alice)
  t.is(two.alice.phase, 'closing')
  const mutual = () => {
    const { durable } = two.alice.state
    return durable.phase === 'closing' ? durable.closing.mutual?.fee : undefined
  }
  for (let locktime = 400_000_000; locktime < 400_000_010; locktime++) {
    t.true(answers(two.alice, complete(two.bob, { fee: 900n, locktime })).includes('closing_sig'))
  }
  t.is(mutual(), 500n)
  const again = closesIn(resume(two.alice.state, two.alice.env), two.alice).map((tx) => toHex(txidOf(tx)))
  t.true(again.includes(good ?? ''))
})

test('a close that replaces another and is not answered — is waited for, longer than the first, and not for ever', (t) => {
  const two = ready()
  const waits = () =>
    two.alice.effects.flatMap((each) =>
      each.type === 'schedule' && each.timer === 'closing-answer' ? [each.delayMs] : [],
    )
  two.run(two.alice, { type: 'close', feeratePerKw: 3_000 })
  two.settle()
  t.is(two.alice.phase, 'closing')
  const { closingTimeoutMs } = two.alice.env.settings
  t.deepEqual(new Set(waits()), new Set([closingTimeoutMs]))
  t.false(two.alice.run({ type: 'timer', timer: 'closing-answer' }).some(({ type }) => type === 'disconnect'))
  two.run(two.alice, { type: 'close', minFeeratePerKw: 8_000, feeratePerKw: 9_000 })
  t.is(waits().at(-1), 30 * closingTimeoutMs)
  two.lose(two.bob)
  t.true(two.alice.run({ type: 'timer', timer: 'closing-answer' }).some(({ type }) => type === 'disconnect'))
})

test('resume — every close that both have signed is published again', (t) => {
  const two = ready()
  two.run(two.alice, { type: 'close', feeratePerKw: 3_000 })
  two.settle()
  two.run(two.bob, { type: 'close', minFeeratePerKw: 8_000, feeratePerKw: 9_000 })
  two.settle()
  const again = closesIn(resume(two.alice.state, two.alice.env), two.alice).map((tx) => toHex(txidOf(tx)))
  t.deepEqual([...again].sort(), [...new Set(published(two.alice))].sort())
})

test('reconnection — after the close is signed, the peer that has lost our answer gets it again', (t) => {
  const two = ready()
  shutDown(two, two.alice)
  two.lose(two.bob)
  two.deliver(two.alice)
  t.is(two.bob.phase, 'closing')
  t.is(two.alice.phase, 'negotiating')
  two.disconnect()
  two.connect()
  two.settle()
  t.is(two.alice.phase, 'closing')
  t.deepEqual(errors(two.alice), [])
  t.deepEqual(errors(two.bob), [])
})

test('close — nobody can pay for one: the operator is told, and the channel waits', (t) => {
  const two = ready(0n)
  two.run(two.bob, { type: 'close' })
  two.deliver(two.bob)
  two.deliver(two.alice)
  two.lose(two.alice)
  t.deepEqual(two.names(two.bob), [])
  two.bob.run({ type: 'timer', timer: 'closing-answer' })
  t.deepEqual(errors(two.bob), ['close-not-offered'])
  t.is(two.bob.phase, 'negotiating')
})
