import { stackOf } from '../lib/errors.ts'
import type { CellFault } from './cell-protocol.ts'

/** A bug of the host that was met while it worked for a plugin: it ends that plugin's run, and nothing else. */
export const hostFault = (thrown: unknown): CellFault => ({ code: 'host-fault', text: stackOf(thrown) })
