import { join } from 'node:path'
import type { NodePlaces } from '../running-node.ts'
import type { Terminal } from '../terminal.ts'
import type { NodeProcess } from './node-process.ts'

export interface Welcome {
  readonly places: NodePlaces
  readonly peers: readonly NodeProcess[]
  readonly home: string
  readonly seconds: string
  readonly hasPlugin: boolean
}

/** Says where everything is, and what to try in a second terminal. */
export const tellWelcome = (terminal: Terminal, { places, peers, home, seconds, hasPlugin }: Welcome): void => {
  const { line, bold, dim } = terminal
  const { nodeId, listen, api, data, log } = places
  // The command line looks there by itself.
  const isUsual = data === join(home, '.fulgurite', 'devnet')
  const command = (text: string, folder?: string): string => {
    const named = folder ?? (isUsual ? undefined : data)
    return `npx fulgurite ${text}${named === undefined ? '' : ` --data ${quoted(named)}`}`
  }
  const alice = peers[0]
  line(`${bold('Fulgurite')} is ready after ${seconds} s, on an embedded chain: this is play money.`)
  line(`${dim('our node')}  ${nodeId}@${listen}`)
  line(`${dim('API')}       ${api}${dim(', its token is in api.json')}`)
  line(`${dim('data')}      ${data}`)
  line(`${dim('log')}       ${log}`)
  for (const { name, pid, places: where } of peers) {
    line(`${dim(name.padEnd(8))}  ${where.nodeId.slice(0, 16)}… ${dim(`process ${pid}, ${where.data}`)}`)
  }
  line()
  line('Try in a second terminal:')
  line(`  ${command('getinfo')}`)
  line(`  ${command('channels list')}`)
  line(`  ${command('events tail')}`)
  if (hasPlugin) line(`  ${command('plugins logs fee-manager --follow')}`)
  line(`  ${command('dev fund 0.5btc')}   ${dim('# play money for our wallet; dev mine 6 mines')}`)
  if (alice !== undefined) {
    line(`  ${command('invoices create 25000sat coffee', alice.places.data)}   ${dim('# alice asks for 25,000 sat')}`)
    line(`  ${command('payments pay-invoice <invoice>')}   ${dim('# and we pay')}`)
  }
  line()
  line(dim('What happens here now (Ctrl-C stops everything; the next start goes on from there):'))
}

const quoted = (path: string): string => (/^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)
