import { basename, join, sep } from 'node:path'
import type { NodePlaces } from '../running-node.ts'
import type { Terminal } from '../terminal.ts'
import type { NodeProcess } from './devnet-node.ts'

export interface Welcome {
  readonly places: NodePlaces
  readonly peers: readonly NodeProcess[]
  readonly home: string
  readonly seconds: string
  readonly hasPlugin: boolean
}

/** Prints where everything is, and what to try in a second terminal. */
export const tellWelcome = (terminal: Terminal, { places, peers, home, seconds, hasPlugin }: Welcome): void => {
  const { line, bold, dim } = terminal
  const { nodeId, listen, api, data, log } = places
  // The command line looks there by default.
  const isUsual = data === join(home, '.fulgurite', 'devnet')
  // In the notation of a shell, and on one line, so that people can copy it.
  const short = (path: string): string => (path.startsWith(`${home}${sep}`) ? `~${path.slice(home.length)}` : path)
  const command = (text: string, folder?: string): string => {
    const named = folder ?? (isUsual ? undefined : data)
    return `npx fulgurite ${text}${named === undefined ? '' : ` --data ${quoted(short(named))}`}`
  }
  const alice = peers[0]
  line(`${bold('Fulgurite')} is ready after ${seconds} s, on an embedded chain: this is play money.`)
  line(`${dim('our node')}  ${nodeId}`)
  line(`${dim('listens')}   ${listen}`)
  line(`${dim('API')}       ${api}${dim(', its token is in api.json')}`)
  line(`${dim('data')}      ${short(data)}`)
  line(`${dim('log')}       ${short(log)}`)
  for (const { name, pid, places: where } of peers) {
    line(
      `${dim(name.padEnd(8))}  ${where.nodeId.slice(0, 16)}…  ${dim(`process ${pid}, data in peers/${basename(where.data)}`)}`,
    )
  }
  line()
  line('Try in a second terminal:')
  line(`  ${command('getinfo')}`)
  line(`  ${command('channels list')}`)
  line(`  ${command('events tail')}`)
  if (hasPlugin) line(`  ${command('plugins logs fee-manager --follow')}`)
  line(dim('Play money for our wallet (dev mine 6 mines):'))
  line(`  ${command('dev fund 0.5btc')}`)
  if (alice !== undefined) {
    line(dim('Alice asks for 25,000 sat, and we pay:'))
    line(`  ${command('invoices create 25000sat', alice.places.data)}`)
    line(`  ${command('payments pay-invoice <invoice>')}`)
  }
  line()
  line(dim('What happens here now (Ctrl-C stops it all; the next start goes on from there):'))
}

const quoted = (path: string): string => (/^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)
