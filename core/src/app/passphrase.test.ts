import test from 'ava'
import { passphraseSource } from './passphrase.ts'

test('a passphrase file that cannot be read is said in words', (t) => {
  const path = '/dev/null/passphrase'
  const given = passphraseSource({}, path, async () => undefined).given()
  const reason = 'something that is no folder is in its place, or on the way to it'
  t.deepEqual(given, { ok: false, error: { code: 'passphrase-unreadable', path, reason } })
})
