import { freshKey } from '../../crypto/fresh-key.ts'
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
import { concat, EMPTY } from '../../lib/bytes.ts'
import type { NodeId, PrivateKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'

type State =
  | { readonly phase: 'awaiting-act-one'; readonly staticKey: PrivateKey; readonly rng: Rng }
  | { readonly phase: 'awaiting-act-two'; readonly remoteNodeId: NodeId; readonly noise: InitiatorState }
  | { readonly phase: 'awaiting-act-three'; readonly noise: ResponderState }

const ACT_LENGTHS = {
  'awaiting-act-one': ACT_ONE_LENGTH,
  'awaiting-act-two': ACT_TWO_LENGTH,
  'awaiting-act-three': ACT_THREE_LENGTH,
} as const

/** The result of a received act. */
export interface ActOutcome {
  /** The next act, to be sent. */
  readonly reply?: Uint8Array
  /** Set once the handshake is over; what was received beyond it is in the cipher already. */
  readonly transport?: { readonly remoteNodeId: NodeId; readonly cipher: NoiseCipher }
}

/** BOLT 8's handshake over a stream: collects the bytes of an act and answers it. Sends nothing more after a failure. */
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
    return new TransportHandshake({ phase: 'awaiting-act-one', staticKey: privateKey, rng })
  }

  /** Whether the next act is the one that anybody can send. */
  get isFirstOfResponder(): boolean {
    return this.#state.phase === 'awaiting-act-one'
  }

  /** Checks that need no curve arithmetic: the length of act one, and its version. */
  get unanswerable(): HandshakeFailure | undefined {
    if (!this.isFirstOfResponder || this.#received.length === 0) return undefined
    const [version = 0] = this.#received
    // BOLT 8, act one: the version is 0, and the initiator goes on once it has read act two.
    if (version !== 0) return { code: 'handshake-version', act: 1, version }
    const { length } = this.#received
    return length > ACT_ONE_LENGTH ? { code: 'handshake-act-length', act: 1, length } : undefined
  }

  /** Takes bytes from the socket. `true` once an act is whole, to be answered by `proceed`. */
  take(chunk: Uint8Array): boolean {
    this.#received = concat(this.#received, chunk)
    return this.#received.length >= ACT_LENGTHS[this.#state.phase]
  }

  /** Answers an act that is whole. */
  proceed(): Result<ActOutcome, HandshakeFailure> {
    const length = ACT_LENGTHS[this.#state.phase]
    const act = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    const state = this.#state
    switch (state.phase) {
      case 'awaiting-act-one': {
        // Made only now, because most callers that fail never get here, and so cost nothing.
        const ephemeralKey = freshKey(state.rng)
        const answered = answerHandshake({ staticKey: state.staticKey, ephemeralKey }, act)
        if (!answered.ok) return answered
        this.#state = { phase: 'awaiting-act-three', noise: answered.value.state }
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
