import test from 'ava'
import { fromHex, toHex } from '../lib/bytes.ts'
import {
  derivePrivateKey,
  derivePublicKey,
  deriveRevocationPrivateKey,
  deriveRevocationPublicKey,
} from './commitment-keys.ts'
import { secp256k1 } from './secp256k1.ts'

// BOLT 3, appendix E.
const baseSecret = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
const perCommitmentSecret = fromHex('1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100')
const basePoint = fromHex('036d6caac248af96f6afa7f904f550253a0f3ef3f5aa2fe6838a95b216691468e2')
const perCommitmentPoint = fromHex('025f7117a78150fe2ef97db7cfc83bd57b2e2c0d0dd25eaf467a4a1c2a45ce1486')

test('BOLT 3, appendix E — the points are those of the secrets', (t) => {
  t.deepEqual(secp256k1.publicKey(baseSecret), basePoint)
  t.deepEqual(secp256k1.publicKey(perCommitmentSecret), perCommitmentPoint)
})

test('BOLT 3, appendix E — localpubkey and localprivkey are the ones published', (t) => {
  t.is(
    toHex(derivePublicKey(basePoint, perCommitmentPoint)),
    '0235f2dbfaa89b57ec7b055afe29849ef7ddfeb1cefdb9ebdc43f5494984db29e5',
  )
  const expected = 'cbced912d3b21bf196a766651e436aff192362621ce317704ea2f75d87e7be0f'
  t.is(toHex(derivePrivateKey(baseSecret, perCommitmentPoint)), expected)
  t.is(toHex(derivePrivateKey(baseSecret, perCommitmentPoint, basePoint)), expected)
})

test('BOLT 3, appendix E — revocationpubkey and revocationprivkey are the ones published', (t) => {
  const publicKey = deriveRevocationPublicKey(basePoint, perCommitmentPoint)
  t.is(toHex(publicKey), '02916e326636d19c33f13e8c0c3a03dd157f332f3e99c317c141dd865eb01f8ff0')
  const privateKey = deriveRevocationPrivateKey(baseSecret, perCommitmentSecret)
  t.is(toHex(privateKey), 'd09ffff62ddb2297ab000cc85bcb4283fdeb6aa052affbc9dddcf33b61078110')
  t.deepEqual(secp256k1.publicKey(privateKey), publicKey)
})
