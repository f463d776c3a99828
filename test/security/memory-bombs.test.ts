import anyTest, { type TestFn } from 'ava'
import type { TestHost } from '../../core/src/plugins/testing/test-host.ts'
import { hostWithNeighbour, isEnded, unleash } from './support/attack.ts'

const test = anyTest as TestFn<TestHost>

test.before(async (t) => {
  t.context = await hostWithNeighbour()
})

test.after.always((t) => t.context.close())

const endlessly = (step: string): string => `const kept = []; let big = 3n; for (;;) { try { ${step} } catch {} }`

const BOMBS = {
  'Array.from of a thousand million': 'Array.from({ length: 1e9 })',
  'an array of 1e8 filled with numbers': 'new Array(1e8).fill(1.1)',
  'an array of 2^27 mapped': 'new Array(2 ** 27).fill(0).map((_, i) => ({ i }))',
  'a string that doubles': "let text = 'ab'; const kept = []; for (;;) { text += text; kept.push(text.split('')) }",
  'a map that grows': 'const map = new Map(); for (let i = 0; ; i++) map.set(i, new Array(100).fill(i))',
  'objects that are kept': 'const kept = []; for (;;) kept.push({ a: [1, 2, 3], b: String(kept.length) })',
  'a regular expression over a long text':
    "const text = 'a'.repeat(1 << 24); const kept = []; for (;;) kept.push(text.match(/a/g))",
  'recursion without end': 'const deeper = (n) => [n, deeper(n + 1)]; for (;;) { try { deeper(0) } catch {} }',
  // What these cannot have is refused to them; they go on trying.
  'typed arrays that are kept': endlessly('kept.push(new Uint8Array(1 << 20).fill(1))'),
  'array buffers that are kept': endlessly('kept.push(new Uint8Array(new ArrayBuffer(1 << 20)).fill(1))'),
  'array buffers that are moved': endlessly('kept.push(new Uint8Array(new ArrayBuffer(1).transfer(1 << 22)).fill(1))'),
  'a bigint that is squared': endlessly('big *= big'),
}

for (const [name, body] of Object.entries(BOMBS)) {
  test.serial(`a plugin with ${name} is ended, its neighbour answers`, async (t) => {
    // Which limit it meets first depends on how fast memory comes: each of them ends it.
    await isEnded(t, t.context, body, /^(memory-limit|turn-time|cell-crashed): /)
  })
}

const REFUSED = {
  'a resizable array buffer': 'new ArrayBuffer(1, { maxByteLength: 2 ** 32 })',
  'a resizable array buffer by a constructor found elsewhere':
    'new (new Uint8Array(1).buffer.constructor)(1, { maxByteLength: 2 ** 32 })',
  'a resizable array buffer by a subclass':
    'new (class extends ArrayBuffer { constructor() { super(1, { maxByteLength: 2 ** 32 }) } })()',
  'a resizable array buffer by Reflect.construct':
    'Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 ** 32 }], Object)',
  'a growable shared array buffer': 'new SharedArrayBuffer(1, { maxByteLength: 2 ** 32 })',
  'WebAssembly memory': 'new WebAssembly.Memory({ initial: 65536 })',
  'a wait': 'Atomics.wait(new Int32Array(4), 0, 0)',
}

for (const [name, expression] of Object.entries(REFUSED)) {
  test.serial(`there is no ${name}`, async (t) => {
    const plugin = await unleash(
      t.context,
      `try { ${expression}; log.info('made') } catch (error) { log.info('refused:', error.name) }`,
    )
    const line = await t.context.line(plugin, /made|refused/)
    t.regex(line.text, /^refused: (TypeError|ReferenceError)$/)
  })
}
