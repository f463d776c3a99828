import { awaitingSignature, type ChannelState, holdsManyHtlcs } from '../../channel/index.ts'

/** How long a signature that may wait does so. LND waits as long with every signature. */
export const SIGNATURE_WAIT_MS = 50

/** For so long after a wait was in vain, or would have been in the way, none is made. */
const AT_ONCE_MS = 1_000

/**
 * Says whether a signature that nobody waits for waits for the next payment's. It does so only where payments follow each other so closely
 * that the next one comes in time. One wait in vain ends that: some peers, Core Lightning for one, go on only once a fulfilment is signed.
 */
export class SignatureWait {
  /** What is to be signed by then besides follows the last end of a payment closely. */
  #nextBy = 0
  #followsClosely = false
  #atOnceUntil = 0

  /** Asked whenever something may have come that is to be signed; `now` is monotonic, in milliseconds. */
  isWorthIt(state: ChannelState, now: number): boolean {
    // The next ones are soon to come, and each signature has a part for every HTLC that has not gone.
    if (holdsManyHtlcs(state)) {
      this.#atOnceUntil = now + AT_ONCE_MS
      return false
    }
    switch (awaitingSignature(state)) {
      case 'nothing':
        return false
      case 'more':
        if (now < this.#nextBy) this.#followsClosely = true
        return false
      case 'small-fulfilments':
        this.#nextBy = now + SIGNATURE_WAIT_MS
        return this.#followsClosely && now >= this.#atOnceUntil
    }
  }

  /** Nothing has come to be signed with what has waited. */
  wasInVain(now: number): void {
    this.#followsClosely = false
    this.#atOnceUntil = now + AT_ONCE_MS
  }
}
