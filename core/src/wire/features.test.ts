import test from 'ava'
import { fromHex, toHex } from '../lib/bytes.ts'
import { decodeChannelType, encodeChannelType } from './channel-type.ts'
import {
  checkFeatures,
  type FeatureContext,
  type FeatureSet,
  featureLevel,
  formatFeatures,
  GOSSIP_FEATURES,
  hasBit,
  initFeatures,
  isNegotiated,
  OUR_FEATURES,
  parseFeatures,
  vectorOfBits,
} from './features.ts'

test('bits are counted from the end', (t) => {
  t.is(toHex(vectorOfBits([])), '')
  t.is(toHex(vectorOfBits([0])), '01')
  t.is(toHex(vectorOfBits([9, 15])), '8200')
  t.true(hasBit(fromHex('8200'), 15))
  t.false(hasBit(fromHex('8200'), 14))
  t.false(hasBit(fromHex('8200'), 16))
})

// BOLT 9, the table: in which messages a feature is shown, by the even bit of its pair; of assumed features as it was before they were.
const SHOWN: Readonly<Record<string, readonly number[]>> = {
  init: [0, 4, 6, 8, 10, 12, 14, 16, 18, 22, 24, 26, 28, 34, 36, 38, 42, 44, 46, 50, 60, 62],
  node: [0, 4, 6, 8, 10, 12, 14, 16, 18, 22, 24, 26, 28, 34, 36, 38, 42, 44, 46, 50, 60, 62],
  invoice: [8, 14, 16, 24, 36, 48],
  channel: [],
}

test('BOLT 7, node_announcement — ours has the features that BOLT 9 has for nodes', (t) => {
  const shown = formatFeatures({ ...OUR_FEATURES, ...GOSSIP_FEATURES }, 'node')
  t.deepEqual(parseFeatures(shown), { ...OUR_FEATURES, ...GOSSIP_FEATURES })
  const invoiceOnly = formatFeatures({ ...OUR_FEATURES, option_payment_metadata: 'optional' }, 'node')
  t.false(hasBit(invoiceOnly, 49))
  for (let bit = 0; bit < shown.length * 8; bit++) {
    if (hasBit(shown, bit)) t.true(SHOWN.node?.includes(bit & ~1), `${bit}`)
  }
})

test('BOLT 9, features — what we require is even, what we offer is odd, and never both', (t) => {
  for (const context of ['init', 'node', 'invoice'] as const) {
    const shown = formatFeatures(OUR_FEATURES, context)
    for (let bit = 0; bit < shown.length * 8; bit += 2) t.false(hasBit(shown, bit) && hasBit(shown, bit + 1), `${bit}`)
  }
  const init = formatFeatures(OUR_FEATURES, 'init')
  for (const bit of [8, 14]) t.true(hasBit(init, bit))
  for (const bit of [17, 23, 27]) t.true(hasBit(init, bit))
  t.true(OUR_FEATURES.var_onion_optin === 'mandatory')
})

test('BOLT 9, features — each is shown in the messages that BOLT 9 has for it, and no other is set', (t) => {
  const everything = Object.fromEntries(Object.keys(OUR_FEATURES).map((name) => [name, 'optional'])) as FeatureSet
  for (const [context, bits] of Object.entries(SHOWN)) {
    const shown = formatFeatures({ ...everything, option_payment_metadata: 'optional' }, context as FeatureContext)
    for (let bit = 0; bit < shown.length * 8; bit++)
      if (hasBit(shown, bit)) t.true(bits.includes(bit & ~1), `${context} ${bit}`)
  }
})

test('our features, in each context, have only what belongs there', (t) => {
  t.deepEqual(parseFeatures(formatFeatures(OUR_FEATURES, 'init')), OUR_FEATURES)
  t.deepEqual(parseFeatures(formatFeatures(OUR_FEATURES, 'invoice')), {
    var_onion_optin: 'mandatory',
    payment_secret: 'mandatory',
    basic_mpp: 'optional',
    option_route_blinding: 'optional',
    option_attribution_data: 'optional',
  } satisfies FeatureSet)
  for (const context of ['init', 'node', 'invoice'] as const) t.true(hasBit(formatFeatures(OUR_FEATURES, context), 37))
  t.is(formatFeatures(OUR_FEATURES, 'channel').length, 0)
})

test('BOLT 9, features — what ours depend on is set too', (t) => {
  t.deepEqual(checkFeatures(formatFeatures(OUR_FEATURES, 'init'), OUR_FEATURES), { ok: true, value: undefined })
})

test('an unknown even bit is refused, an unknown odd one is not', (t) => {
  t.deepEqual(checkFeatures(vectorOfBits([8, 100]), OUR_FEATURES), {
    ok: false,
    error: { code: 'unknown-even-feature', bit: 100 },
  })
  t.true(checkFeatures(vectorOfBits([8, 101]), OUR_FEATURES).ok)
})

test('a feature that we do not have is refused when mandatory', (t) => {
  t.deepEqual(checkFeatures(vectorOfBits([28]), OUR_FEATURES), {
    ok: false,
    error: { code: 'unknown-even-feature', bit: 28 },
  })
  t.true(checkFeatures(vectorOfBits([29]), OUR_FEATURES).ok)
})

test('BOLT 9, features — one without those that it depends on is refused', (t) => {
  t.deepEqual(checkFeatures(vectorOfBits([17]), OUR_FEATURES), {
    ok: false,
    error: { code: 'missing-feature-dependency', feature: 'basic_mpp', requires: 'payment_secret' },
  })
  t.true(checkFeatures(vectorOfBits([15, 17]), OUR_FEATURES).ok)
  t.deepEqual(checkFeatures(vectorOfBits([51]), OUR_FEATURES), {
    ok: false,
    error: { code: 'missing-feature-dependency', feature: 'option_zeroconf', requires: 'option_scid_alias' },
  })
})

test('BOLT 9, features — with both bits set one is mandatory', (t) => {
  t.is(featureLevel(vectorOfBits([22, 23]), 'option_anchors'), 'mandatory')
  t.is(featureLevel(vectorOfBits([23]), 'option_anchors'), 'optional')
  t.is(featureLevel(vectorOfBits([21]), 'option_anchors'), undefined)
})

test('BOLT 1, init — a feature is negotiated if both offer it, or we require it', (t) => {
  const ours = vectorOfBits([12, 23])
  t.true(isNegotiated(ours, vectorOfBits([]), 'option_static_remotekey'))
  t.false(isNegotiated(ours, vectorOfBits([]), 'option_anchors'))
  t.true(isNegotiated(ours, vectorOfBits([22]), 'option_anchors'))
  t.false(isNegotiated(vectorOfBits([]), vectorOfBits([22]), 'option_anchors'))
})

test('BOLT 1, init — both feature vectors count', (t) => {
  const features = initFeatures({ type: 'init', globalFeatures: fromHex('0200'), features: fromHex('8a') })
  t.is(toHex(features), '028a')
})

test('channel types — anchors is bits 12 and 22', (t) => {
  const type = { scidAlias: false, zeroConf: false }
  t.is(toHex(encodeChannelType(type)), '401000')
  t.deepEqual(decodeChannelType(fromHex('401000')), type)
  t.deepEqual(decodeChannelType(fromHex('00401000')), type)
})

test('channel types — alias and zeroconf are bits 46 and 50', (t) => {
  const type = { scidAlias: true, zeroConf: true }
  t.deepEqual([...encodeChannelType(type)].length, 7)
  t.true(hasBit(encodeChannelType(type), 46))
  t.true(hasBit(encodeChannelType(type), 50))
  t.deepEqual(decodeChannelType(encodeChannelType(type)), type)
})

test('channel types — any other combination is none of ours', (t) => {
  for (const bits of [[], [12], [22], [13, 22], [12, 22, 24]]) t.is(decodeChannelType(vectorOfBits(bits)), undefined)
})
