import test from 'ava'
import fc from 'fast-check'
import { concat, fromHex, toHex, utf8Decode, utf8Encode } from '../lib/bytes.ts'
import { HANDSHAKES, INITIATOR_KEYS, MESSAGES, RESPONDER_KEYS } from './fixtures/noise-vectors.ts'
import {
  acceptHandshake,
  answerHandshake,
  finishHandshake,
  type HandshakeFailure,
  NoiseCipher,
  startHandshake,
  type TransportKeys,
} from './noise.ts'

const keysOf = (keys: { readonly static: string; readonly ephemeral: string }) => ({
  staticKey: fromHex(keys.static),
  ephemeralKey: fromHex(keys.ephemeral),
})
const initiatorOptions = { ...keysOf(INITIATOR_KEYS), remoteNodeId: fromHex(RESPONDER_KEYS.publicKey) }
const responderOptions = keysOf(RESPONDER_KEYS)

interface Step {
  readonly input?: string
  readonly output?: string
  readonly failure?: string
  readonly act?: number
  readonly sending?: string
  readonly receiving?: string
}

const stepOfFailure = ({ code, act }: HandshakeFailure): Step => ({ failure: code, act })
const stepOfKeys = ({ sending, receiving }: TransportKeys): Step => ({
  sending: toHex(sending.key),
  receiving: toHex(receiving.key),
})

const runInitiator = (inputs: readonly Uint8Array[]): readonly Step[] => {
  const { actOne, state } = startHandshake(initiatorOptions)
  const finished = finishHandshake(state, inputs[0] as Uint8Array)
  if (!finished.ok) return [{ output: toHex(actOne) }, stepOfFailure(finished.error)]
  return [{ output: toHex(actOne) }, { output: toHex(finished.value.actThree) }, stepOfKeys(finished.value.keys)]
}

const runResponder = (inputs: readonly Uint8Array[]): readonly Step[] => {
  const answered = answerHandshake(responderOptions, inputs[0] as Uint8Array)
  if (!answered.ok) return [stepOfFailure(answered.error)]
  const output = { output: toHex(answered.value.actTwo) }
  const accepted = acceptHandshake(answered.value.state, inputs[1] as Uint8Array)
  if (!accepted.ok) return [output, stepOfFailure(accepted.error)]
  return [output, stepOfKeys(accepted.value.keys)]
}

for (const { name, side, steps } of HANDSHAKES) {
  test(`BOLT 8, handshake — the acts of appendix A are made and read, and its failures found: ${name}`, (t) => {
    const script: readonly Step[] = steps
    const inputs = script.flatMap(({ input }) => (input === undefined ? [] : [fromHex(input)]))
    const outputs = script.filter(({ input }) => input === undefined)
    t.deepEqual(side === 'initiator' ? runInitiator(inputs) : runResponder(inputs), outputs)
  })
}

const handshake = () => {
  const { actOne, state } = startHandshake(initiatorOptions)
  const answered = answerHandshake(responderOptions, actOne)
  if (!answered.ok) throw new Error(answered.error.code)
  const finished = finishHandshake(state, answered.value.actTwo)
  if (!finished.ok) throw new Error(finished.error.code)
  const accepted = acceptHandshake(answered.value.state, finished.value.actThree)
  if (!accepted.ok) throw new Error(accepted.error.code)
  return { initiator: finished.value.keys, responder: accepted.value }
}

test('the responder learns the initiator’s node id', (t) => {
  t.is(toHex(handshake().responder.remoteNodeId), INITIATOR_KEYS.publicKey)
})

test('a handshake with another node’s key ends at act one', (t) => {
  const { actOne } = startHandshake({ ...initiatorOptions, remoteNodeId: fromHex(INITIATOR_KEYS.publicKey) })
  t.deepEqual(answerHandshake(responderOptions, actOne), { ok: false, error: { code: 'handshake-tag', act: 1 } })
})

test('BOLT 8, handshake — each has an ephemeral key of its own: so that what was said before is refused', (t) => {
  const { actOne, state } = startHandshake(initiatorOptions)
  const first = answerHandshake(responderOptions, actOne)
  const second = answerHandshake({ ...responderOptions, ephemeralKey: new Uint8Array(32).fill(0x23) }, actOne)
  if (!first.ok || !second.ok) return t.fail()
  const finished = finishHandshake(state, first.value.actTwo)
  if (!finished.ok) return t.fail()
  t.deepEqual(acceptHandshake(second.value.state, finished.value.actThree), {
    ok: false,
    error: { code: 'handshake-ciphertext', act: 3 },
  })
})

const testKeys = (): TransportKeys => {
  const key = { key: fromHex(MESSAGES.key), chainingKey: fromHex(MESSAGES.chainingKey) }
  return { sending: key, receiving: key }
}

test('BOLT 8, messages — those of appendix A are encrypted and decrypted, nonces counted and keys replaced', (t) => {
  const cipher = new NoiseCipher(testKeys())
  const receiver = new NoiseCipher(testKeys())
  for (let i = 0; i <= 1001; i++) {
    const encrypted = cipher.encrypt([utf8Encode(MESSAGES.plaintext)])
    const expected = MESSAGES.encrypted.get(i)
    if (expected !== undefined) t.is(toHex(encrypted), expected)
    receiver.receive(encrypted)
    const received = receiver.next()
    t.true(received.ok && received.value !== undefined && utf8Decode(received.value) === MESSAGES.plaintext)
  }
})

test('a batch is encrypted into the bytes that its messages give one by one', (t) => {
  const messages = Array.from({ length: 1200 }, (_, i) => new Uint8Array(i % 70).fill(i))
  const oneByOne = new NoiseCipher(testKeys())
  const together = new NoiseCipher(testKeys()).encrypt(messages)
  t.true(Buffer.concat(messages.map((message) => oneByOne.encrypt([message]))).equals(together))
})

test('messages come out whole however the stream was cut', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 }),
      (messages, cuts) => {
        const { initiator, responder } = handshake()
        const stream = new NoiseCipher(initiator).encrypt(messages)
        const receiver = new NoiseCipher(responder.keys)
        const received: Uint8Array[] = []
        for (let offset = 0, cut = 0; offset < stream.length; cut++) {
          const end = offset + (cuts[cut % cuts.length] as number)
          receiver.receive(stream.subarray(offset, end))
          offset = end
          for (;;) {
            const next = receiver.next()
            if (!next.ok) throw new Error(next.error.code)
            if (next.value === undefined) break
            received.push(next.value)
          }
        }
        t.deepEqual(received, messages)
      },
    ),
    { numRuns: 50, seed: 2 },
  )
})

test('BOLT 8, messages — one has at most 65535 bytes', (t) => {
  const { initiator, responder } = handshake()
  const message = new Uint8Array(65535).fill(7)
  const receiver = new NoiseCipher(responder.keys)
  receiver.receive(new NoiseCipher(initiator).encrypt([message]))
  t.deepEqual(receiver.next(), { ok: true, value: message })
  t.throws(() => new NoiseCipher(initiator).encrypt([new Uint8Array(65536)]))
})

test('BOLT 8, messages — one that was changed, or was sent before, is not taken: a changed bit in the length or in the body', (t) => {
  for (const position of [0, 17, 18, 30]) {
    const { initiator, responder } = handshake()
    const encrypted = Uint8Array.from(new NoiseCipher(initiator).encrypt([utf8Encode('hello')]))
    encrypted[position] = (encrypted[position] as number) ^ 1
    const receiver = new NoiseCipher(responder.keys)
    receiver.receive(concat(encrypted))
    t.deepEqual(receiver.next(), { ok: false, error: { code: 'transport-tag' } })
  }
})
