import { PEER_TITLES, type PeerName } from '../drivers/driver.ts'
import type { Role, Scenario } from '../scenarios/scenario.ts'
import type { Run } from './runs.ts'

const PEERS = Object.keys(PEER_TITLES) as PeerName[]

const ROLES: Readonly<Record<Role, string>> = { we: 'we', peer: 'the peer', both: 'both' }

const INTRODUCTION = `# With other implementations

<!-- Made from runs by \`npm run test:interop -- --table\`. Not edited by hand: a test compares it with what was run. -->

What was tried between this node and others, in both roles, by the scenarios in \`test/interop/scenarios\`: each is written
once and played with every peer. "Role" says who does what the scenario is about. ✓ holds; ✗ does not; – was not asked of
that peer; an empty cell was not run. A number leads to a remark, below.

\`\`\`sh
npm run test:interop                          # every peer that is given; LDK always is, from npm
npm run test:interop -- --peer lnd            # one of ${PEERS.join(', ')}
npm run test:interop -- --table               # writes what has been run into this page
\`\`\`

The programs of the other peers are named by the environment: \`LIGHTNINGD\` and \`LND\` are paths of the programs, and
\`ECLAIR_HOME\` is the folder that eclair was unpacked into; each needs \`BITCOIND\`, too. What is not given is skipped, by
name.`

/** The page, from the runs alone. */
export const renderTable = (scenarios: readonly Scenario[], runs: readonly Run[]): string => {
  const reasons: string[] = []
  const note = (reason: string): number => {
    if (!reasons.includes(reason)) reasons.push(reason)
    return reasons.indexOf(reason) + 1
  }
  const cell = (scenario: Scenario, peer: PeerName): string => {
    const run = runs.find((each) => each.peer === peer && each.scenario === scenario.title)
    if (run === undefined) return ''
    if ('notAsked' in run.verdict) return `– ${note(`${PEER_TITLES[peer]}: ${run.verdict.notAsked}.`)}`
    const { passed, remark } = run.verdict
    const mark = passed ? '✓' : '✗'
    return remark === undefined ? mark : `${mark} ${note(`${PEER_TITLES[peer]}: ${remark}.`)}`
  }
  const groups: readonly string[] = [...new Set(scenarios.map(({ group }) => group))]
  const tables = groups.map((group) => {
    const rows = scenarios
      .filter((scenario) => scenario.group === group)
      .map((scenario) => [scenario.title, ROLES[scenario.role], ...PEERS.map((peer) => cell(scenario, peer))])
    return `## ${group}\n\n${table(['Scenario', 'Role', ...PEERS.map((peer) => PEER_TITLES[peer])], rows)}`
  })
  const peers = PEERS.map((peer): readonly string[] => {
    const own = runs.filter((run) => run.peer === peer)
    const played = own.filter(({ verdict }) => 'passed' in verdict)
    const held = played.filter(({ verdict }) => 'passed' in verdict && verdict.passed)
    return [
      PEER_TITLES[peer],
      spread(own.map(({ version }) => version)),
      spread(own.map(({ date }) => date)),
      own.length === 0 ? '' : `${held.length} of ${played.length}`,
      own.length === 0 ? '' : String(own.length - played.length),
    ]
  })
  const notes = reasons.map((reason, i) => `${i + 1}. ${reason}`).join('\n')
  return `${[
    INTRODUCTION,
    table(['Peer', 'Version', 'Run', 'Holds', 'Not asked'], peers),
    ...tables,
    `## Remarks\n\n${notes}`,
  ].join('\n\n')}\n`
}

/** The values in their order, once each. */
const spread = (values: readonly string[]): string => [...new Set(values)].sort().join(', ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
