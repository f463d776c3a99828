import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mnemonicToSeedSync } from '@scure/bip39'
import test from 'ava'
import { seededRng } from '../../lib/rng.ts'
import { loadOrCreateSeed, newWordsWriter, readWords, wordsIn, writeNewWords, writeWords } from './seed-file.ts'

// BIP 39, test vectors: 16 bytes of zeros.
const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about'

/** The usual cost is for those who guess. */
const CHEAP = { n: 1_024, r: 8, p: 1 }

const inFolder = (run: (path: string, folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-sealed-'))
  try {
    run(join(folder, 'seed'), folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('sealed words — are read back with the passphrase, and are nowhere in the file', (t) =>
  inFolder((path, folder) => {
    t.true(writeWords(path, WORDS, seededRng(1), 'correct horse').ok)
    t.is(statSync(path).mode & 0o777, 0o600)
    t.deepEqual(readdirSync(folder), ['seed'])
    const text = readFileSync(path, 'utf8')
    t.false(/abandon|about|horse/.test(text))
    t.deepEqual(JSON.parse(text).kdf, { name: 'scrypt', n: 131_072, r: 8, p: 1, salt: JSON.parse(text).kdf.salt })
    t.deepEqual(readWords(path, 'correct horse'), { ok: true, value: WORDS })
    t.deepEqual(loadOrCreateSeed(path, seededRng(2), 'correct horse'), {
      ok: true,
      value: new Uint8Array(mnemonicToSeedSync(WORDS)),
    })
    // The same letters, written by another keyboard.
    writeWords(path, WORDS, seededRng(1), 'b\u00fccher', CHEAP)
    t.true(readWords(path, 'bu\u0308cher').ok)
  }))

test('sealed words — a wrong passphrase and none are told apart, and change nothing', (t) =>
  inFolder((path) => {
    writeWords(path, WORDS, seededRng(1), 'correct horse', CHEAP)
    const before = readFileSync(path, 'utf8')
    for (const wrong of ['correct hors', 'correct horse ', '']) {
      t.deepEqual(readWords(path, wrong), { ok: false, error: { code: 'seed-passphrase-wrong', path } })
    }
    t.deepEqual(loadOrCreateSeed(path, seededRng(2)), { ok: false, error: { code: 'seed-encrypted', path } })
    t.is(readFileSync(path, 'utf8'), before)
  }))

test('sealed words — a file that was changed, or is of a later version, or asks for too much, is refused', (t) =>
  inFolder((path) => {
    writeWords(path, WORDS, seededRng(1), 'x', CHEAP)
    const whole = JSON.parse(readFileSync(path, 'utf8'))
    const { kdf, sealed } = whole
    const unreadable = [
      { ...whole, version: 2 },
      { ...whole, extra: 1 },
      { ...whole, kdf: { ...kdf, n: 2 ** 22 } },
      { ...whole, kdf: { ...kdf, n: 131_073 } },
      { ...whole, kdf: { ...kdf, salt: '00' } },
      { ...whole, sealed: 'zz' },
    ]
    for (const changed of unreadable) {
      writeFileSync(path, JSON.stringify(changed))
      t.like(readWords(path, 'x'), { ok: false, error: { code: 'seed-unreadable' } })
    }
    writeFileSync(path, JSON.stringify(whole).slice(0, -9))
    t.like(readWords(path, 'x'), { ok: false, error: { code: 'seed-unreadable' } })
    writeFileSync(path, JSON.stringify({ ...whole, sealed: `00${sealed.slice(2)}` }))
    t.like(readWords(path, 'x'), { ok: false, error: { code: 'seed-passphrase-wrong' } })
    chmodSync(path, 0o640)
    t.like(readWords(path, 'x'), { ok: false, error: { code: 'seed-readable-by-others' } })
  }))

test('a new seed is under the passphrase from its beginning, where one was given', (t) =>
  inFolder((path) => {
    const made = loadOrCreateSeed(path, seededRng(1), 'correct horse')
    t.true(made.ok && existsSync(path))
    t.like(readWords(path), { error: { code: 'seed-encrypted' } })
    const words = readWords(path, 'correct horse')
    t.is(words.ok && words.value.split(' ').length, 24)
  }))

test('words are taken as people type them, of every length that BIP 39 has, and refused where one is wrong', (t) => {
  t.is(wordsIn(`  ${WORDS.toUpperCase().replaceAll(' ', '\n ')}\n`), WORDS)
  t.truthy(
    wordsIn(
      'legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal will',
    ),
  )
  for (const wrong of [
    '',
    'abandon',
    WORDS.replace('about', 'abandon'),
    WORDS.replace('about', 'abuot'),
    `${WORDS} about`,
  ]) {
    t.is(wordsIn(wrong), undefined)
  }
})

test('words that would not be read back from what was written — leave the file as it was', (t) =>
  inFolder((path, folder) => {
    t.true(writeNewWords(path, WORDS, seededRng(1)).ok)
    t.like(writeWords(path, WORDS, seededRng(1), 'x', { ...CHEAP, r: 9 }), {
      ok: false,
      error: { code: 'seed-unreadable' },
    })
    t.deepEqual(readWords(path), { ok: true, value: WORDS })
    t.deepEqual(readdirSync(folder), ['seed'])
  }))

test('new words on a file system without hard links — are written whole, and never over others', (t) =>
  inFolder((path, folder) => {
    for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']) {
      const write = newWordsWriter(() => {
        throw Object.assign(new Error(code), { code })
      })
      t.true(write(path, WORDS, seededRng(1)).ok)
      t.deepEqual(readWords(path), { ok: true, value: WORDS })
      t.deepEqual(write(path, WORDS, seededRng(1), 'x', CHEAP), { ok: false, error: { code: 'seed-exists', path } })
      t.deepEqual(readWords(path), { ok: true, value: WORDS })
      t.deepEqual(readdirSync(folder), ['seed'])
      rmSync(path)
    }
  }))
