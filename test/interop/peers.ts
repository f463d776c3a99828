import type { PeerName } from './drivers/driver.ts'

/** The file with the tests of each peer. */
export const PEER_FILES: Readonly<Partial<Record<PeerName, string>>> = {
  'core-lightning': 'test/interop/core-lightning.test.ts',
  eclair: 'test/interop/eclair.test.ts',
  ldk: 'test/interop/ldk.test.ts',
  lnd: 'test/interop/lnd.test.ts',
}
