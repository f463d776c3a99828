import test from 'ava'
import fc from 'fast-check'
import { encodeFrame, FrameDecoder, type FrameError } from './frame-codec.ts'

const decoder = (maxBytes = 1 << 20) => {
  const frames: string[] = []
  const errors: FrameError[] = []
  const decode = new FrameDecoder({
    maxBytes,
    onFrame: (text) => void frames.push(text),
    onError: (error) => void errors.push(error),
  })
  return { decode, frames, errors }
}

test('frame — is four big-endian length bytes and the text in UTF-8', (t) => {
  t.is(encodeFrame('é!').toString('hex'), '00000003c3a921')
  t.is(encodeFrame('').toString('hex'), '00000000')
})

test('frames — come back whole and in order, however the stream is cut', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 12 }),
      fc.array(fc.nat({ max: 15 }), { minLength: 1, maxLength: 20 }),
      (texts, cuts) => {
        const { decode, frames, errors } = decoder()
        const stream = Buffer.concat(texts.map(encodeFrame))
        for (let offset = 0, i = 0; offset < stream.length; i++) {
          const size = 1 + (cuts[i % cuts.length] ?? 0)
          decode.push(stream.subarray(offset, offset + size))
          offset += size
        }
        decode.end()
        t.deepEqual(frames, texts)
        t.deepEqual(errors, [])
      },
    ),
    { seed: 7, numRuns: 200 },
  )
})

test('frame decoder — refuses a frame over the cap when it has read its length, and stops', (t) => {
  const { decode, frames, errors } = decoder(4)
  decode.push(encodeFrame('1234'))
  decode.push(Buffer.from([0, 0, 0, 5]))
  decode.push(encodeFrame('1'))
  t.deepEqual(frames, ['1234'])
  t.deepEqual(errors, [{ code: 'frame-too-large', byteLength: 5, maxBytes: 4 }])
})

test('frame decoder — refuses bytes that are not UTF-8', (t) => {
  const { decode, frames, errors } = decoder()
  decode.push(Buffer.from([0, 0, 0, 2, 0xc3, 0x28]))
  t.deepEqual(frames, [])
  t.deepEqual(errors, [{ code: 'frame-not-utf8' }])
})

test('frame decoder — a byte order mark is part of the text', (t) => {
  const { decode, frames } = decoder()
  decode.push(encodeFrame('\ufeff1'))
  t.deepEqual(frames, ['\ufeff1'])
})

test('frame decoder — says how much is missing when the stream ends inside a frame', (t) => {
  const inText = decoder()
  inText.decode.push(encodeFrame('12345').subarray(0, 6))
  inText.decode.end()
  t.deepEqual(inText.errors, [{ code: 'frame-cut-short', missingBytes: 3 }])
  const inLength = decoder()
  inLength.decode.push(Buffer.from([0]))
  inLength.decode.end()
  t.deepEqual(inLength.errors, [{ code: 'frame-cut-short', missingBytes: 3 }])
})

test('frame decoder — closed by its frame handler, it decodes no further', (t) => {
  const frames: string[] = []
  const decode = new FrameDecoder({
    maxBytes: 10,
    onFrame: (text) => {
      frames.push(text)
      decode.close()
    },
    onError: () => t.fail(),
  })
  decode.push(Buffer.concat([encodeFrame('a'), encodeFrame('b')]))
  decode.end()
  t.deepEqual(frames, ['a'])
})
