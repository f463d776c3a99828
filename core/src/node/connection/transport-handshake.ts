import {
  ACT_ONE_LENGTH,
  ACT_THREE_LENGTH,
  ACT_TWO_LENGTH,
  acceptHandshake,
  answerHandshake,
  finishHandshake,
  type HandshakeFailure,
  type InitiatorState,
  NoiseCipher,
  type ResponderState,
  startHandshake,
} from '../../crypto/noise.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { concat, EMPTY } from '../../lib/bytes.ts'
import type { NodeId, PrivateKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'

type State =
  | { readonly phase: 'awaiting-act-one'; readonly staticKey: PrivateKey; readonly ephemeralKey: PrivateKey }
  | { readonly phase: 'awaiting-act-two'; readonly remoteNodeId: NodeId; readonly noise: InitiatorState }
  | { readonly phase: 'awaiting-act-three'; readonly noise: ResponderState }

const ACT_LENGTHS = {
  'awaiting-act-one': ACT_ONE_LENGTH,
  'awaiting-act-two': ACT_TWO_LENGTH,
  'awaiting-act-three': ACT_THREE_LENGTH,
} as const

/** The outcome of an act that was received. */
export interface ActOutcome {
  /** The next act, to be sent. */
  readonly reply?: Uint8Array
  /** Set once the handshake is over; what was received beyond it is in the cipher already. */
  readonly transport?: { readonly remoteNodeId: NodeId; readonly cipher: NoiseCipher }
}

/** BOLT 8's handshake over a stream: gathers the bytes of an act, answers it. Says nothing more after a failure. */
export class TransportHandshake {
  #state: State
  #received: Uint8Array = EMPTY

  private constructor(state: State) {
    this.#state = state
  }

  static initiate(privateKey: PrivateKey, remoteNodeId: NodeId, rng: Rng) {
    const { actOne, state } = startHandshake({ staticKey: privateKey, ephemeralKey: freshKey(rng), remoteNodeId })
    return { actOne, handshake: new TransportHandshake({ phase: 'awaiting-act-two', remoteNodeId, noise: state }) }
  }

  static respond(privateKey: PrivateKey, rng: Rng): TransportHandshake {
    return new TransportHandshake({
      phase: 'awaiting-act-one',
      staticKey: privateKey,
      ephemeralKey: freshKey(rng),
    })
  }

  /** Takes bytes from the socket. The outcome is empty until an act is whole. */
  receive(chunk: Uint8Array): Result<ActOutcome, HandshakeFailure> {
    this.#received = concat(this.#received, chunk)
    const length = ACT_LENGTHS[this.#state.phase]
    if (this.#received.length < length) return ok({})
    const act = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    const state = this.#state
    switch (state.phase) {
      case 'awaiting-act-one': {
        const answered = answerHandshake(state, act)
        if (!answered.ok) return answered
        this.#state = { phase: 'awaiting-act-three', noise: answered.value.state }
        // Act three cannot have come before our answer: more bytes are garbage, which its own check will refuse.
        return ok({ reply: answered.value.actTwo })
      }
      case 'awaiting-act-two': {
        const finished = finishHandshake(state.noise, act)
        if (!finished.ok) return finished
        const cipher = new NoiseCipher(finished.value.keys)
        cipher.receive(this.#received)
        return ok({
          reply: finished.value.actThree,
          transport: { remoteNodeId: state.remoteNodeId, cipher },
        })
      }
      case 'awaiting-act-three': {
        const accepted = acceptHandshake(state.noise, act)
        if (!accepted.ok) return err(accepted.error)
        const cipher = new NoiseCipher(accepted.value.keys)
        cipher.receive(this.#received)
        return ok({ transport: { remoteNodeId: accepted.value.remoteNodeId, cipher } })
      }
    }
  }
}

const freshKey = (rng: Rng): PrivateKey => {
  for (;;) {
    const key = rng.bytes(32)
    if (secp256k1.isPrivateKey(key)) return key
  }
}
