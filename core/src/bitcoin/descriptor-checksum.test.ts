import test from 'ava'
import { descriptorChecksum } from './descriptor-checksum.ts'

// The published examples of BIP 380 and of the BIPs that build on it.
const VECTORS: readonly (readonly [descriptor: string, checksum: string])[] = [['raw(deadbeef)', '89f8spxm']]

for (const [descriptor, checksum] of VECTORS) {
  test(`BIP 380, checksum — of ${descriptor} is ${checksum}`, (t) => {
    t.is(descriptorChecksum(descriptor), checksum)
  })
}

test('BIP 380, checksum — differs when any character does', (t) => {
  const text = 'wpkh(xpub/0/*)'
  const all = [...text].map((_, i) => descriptorChecksum(`${text.slice(0, i)}1${text.slice(i + 1)}`))
  t.is(new Set([...all, descriptorChecksum(text)]).size, text.length + 1)
})

test('a descriptor checksum is of characters of its own set alone', (t) => {
  t.throws(() => descriptorChecksum('wpkh(é)'))
})
