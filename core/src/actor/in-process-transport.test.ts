import { inProcessTransport } from './in-process-transport.ts'
import { testTransport } from './transport-compliance.ts'

testTransport('in-process transport', (client) => ({ transport: inProcessTransport(client), server: client }))
