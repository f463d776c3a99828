import type { Wallet } from '../../wallet/wallet.ts'

/**
 * Scripts that channels pay to when they are closed: a wallet address for each. If an opening fails, its address was never shown to
 * anybody, and the next opening gets it. Openings that strangers begin must not use up addresses: the wallet looks for each address in
 * every block, and finds them again from the seed only while there are no long gaps.
 */
export class ShutdownScripts {
  readonly #wallet: Wallet
  readonly #free: Uint8Array[] = []

  constructor(wallet: Wallet) {
    this.#wallet = wallet
  }

  take(): Uint8Array {
    return this.#free.pop() ?? this.#wallet.newAddress('p2wpkh').script
  }

  giveBack(script: Uint8Array): void {
    this.#free.push(script)
  }
}
