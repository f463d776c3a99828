import { mnemonicToSeedSync } from '@scure/bip39'
import test from 'ava'
import { NETWORKS } from '../bitcoin/network.ts'
import { masterKey } from '../crypto/hd-key.ts'
import { MNEMONIC } from './fixtures/bip84-bip86.ts'
import { seedChains } from './keys.ts'
import { readPrivateDescriptor } from './private-descriptor.ts'

// BIP 84 and BIP 86, test vectors: the root keys of the same words, in either form.
const ROOT =
  'xprv9s21ZrQH143K3GJpoapnV8SFfukcVBSfeCficPSGfubmSFDxo1kuHnLisriDvSnRRuL2Qrg5ggqHKNVpxR86QEC8w35uxmGoggxtQTPvfUu'

test('private descriptors — are the chains of the node where the words are the same', (t) => {
  const chains = seedChains(masterKey(mnemonicToSeedSync(MNEMONIC)), NETWORKS.mainnet)
  for (const [text, type, branch] of [
    [`tr(${ROOT}/86h/0h/0h/0/*)#abcdefgh`, 'p2tr', 'receive'],
    [`wpkh(${ROOT}/84'/0'/0'/1/*)`, 'p2wpkh', 'change'],
  ] as const) {
    const read = readPrivateDescriptor(text, NETWORKS.mainnet)
    t.is(read?.type, type)
    t.is(read?.chain.expression, chains[type][branch].expression)
    t.deepEqual(read?.chain.key.child(7).publicKey, chains[type][branch].key.child(7).publicKey)
  }
})

test('private descriptors — an origin is kept, and lengthened by what is hardened below it', (t) => {
  const expressionOf = (text: string) => readPrivateDescriptor(text, NETWORKS.mainnet)?.chain.expression
  const bare = expressionOf(`tr(${ROOT}/0/*)`)
  t.regex(bare ?? '', /^xpub\w+\/0\/\*$/)
  t.is(expressionOf(`tr([00112233/1'/2h]${ROOT}/0/*)`), `[00112233/1h/2h]${bare}`)
  t.regex(expressionOf(`tr([00112233/1h]${ROOT}/5h/0/1/*)`) ?? '', /^\[00112233\/1h\/5h\]xpub\w+\/0\/1\/\*$/)
})

test('private descriptors — other forms and other networks are none of ours', (t) => {
  for (const text of [
    `pkh(${ROOT}/44h/0h/0h/0/*)`,
    `sh(wpkh(${ROOT}/49h/0h/0h/0/*))`,
    `tr(${ROOT}/0/*h)`,
    `tr(${ROOT}/0)`,
    `tr(${ROOT}/2147483648/*)`,
    `tr(${ROOT.slice(0, -1)}v/0/*)`,
    `multi(1,${ROOT}/0/*)`,
    '',
  ]) {
    t.is(readPrivateDescriptor(text, NETWORKS.mainnet), undefined, text)
  }
  t.is(readPrivateDescriptor(`tr(${ROOT}/0/*)`, NETWORKS.regtest), undefined)
})
