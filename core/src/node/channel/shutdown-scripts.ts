import type { Wallet } from '../../wallet/wallet.ts'

/**
 * Where channels pay to when they are closed: an address of the wallet for each. One whose opening came to nothing was never
 * shown to anybody and goes to the next: openings that a stranger begins must not use up addresses, each of which the wallet
 * looks for in every block and finds again from the seed only while there are no long gaps.
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
