import test from 'ava'
import { sha256d } from '../crypto/hashes.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { channelUpdateDigest } from './channel-update-digest.ts'
import { decodeMessage, encodeMessage } from './message-codecs.ts'
import { printableText } from './printable-text.ts'

test('channel_update — the digest covers all after the signature, unknown records too (BOLT 7)', (t) => {
  const body = `${'11'.repeat(32)}${'0102030405060708'}${'65000000'}0102${'0090'}${'00000000000003e8'}${'000003e8'}${'00000064'}${'000000003b9aca00'}c9012a`
  const decoded = decodeMessage(fromHex(`0102${'22'.repeat(64)}${body}`))
  t.true(decoded.ok)
  if (!decoded.ok || decoded.value.type !== 'channel_update') return
  t.is(toHex(channelUpdateDigest(decoded.value)), toHex(sha256d(fromHex(body))))
  t.is(toHex(encodeMessage(decoded.value)), `0102${'22'.repeat(64)}${body}`)
  t.is(decoded.value.cltvExpiryDelta, 144)
})

test('a text of the peer is shown only if all of it is printable (BOLT 1)', (t) => {
  t.is(printableText(fromHex('6f6b20217e')), 'ok !~')
  t.is(printableText(fromHex('6f6b0a')), undefined)
  t.is(printableText(fromHex('6f6b7f')), undefined)
})
