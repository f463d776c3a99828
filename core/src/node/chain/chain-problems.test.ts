import test from 'ava'
import type { BackendHealth } from '../../chain/chain-backend.ts'
import { type ChainMeasures, chainProblems, explainProblem, isBlinding } from './chain-problems.ts'

const HEALTH: BackendHealth = {
  isCurrent: true,
  answeredAt: 1_000,
  silentMs: 0,
  headers: 100,
  isCatchingUp: false,
  estimates: { arePresent: true, madeAt: 1_000, ageMs: 0 },
}

const measures = (health: Partial<BackendHealth> = {}, more: Partial<ChainMeasures> = {}): ChainMeasures => ({
  health: { ...HEALTH, ...health },
  tip: { height: 100, hash: new Uint8Array(32) },
  handled: 100,
  laggingMs: 0,
  unseen: undefined,
  needsEstimates: true,
  ...more,
})

const MINUTE = 60_000

const CASES: readonly (readonly [what: string, measures: ChainMeasures, codes: string, blind: boolean])[] = [
  ['all is well', measures(), '', false],
  ['the next blocks are on their way', measures({}, { handled: 95 }), '', false],
  [
    'the backend does not answer',
    measures({ isCurrent: false, silentMs: MINUTE, problem: { code: 'bitcoind-unreachable' } }),
    'backend-unreachable',
    false,
  ],
  [
    'it has not for two blocks’ time',
    measures({ isCurrent: false, silentMs: 21 * MINUTE }),
    'backend-unreachable',
    true,
  ],
  ['it downloads blocks', measures({ isCatchingUp: true, headers: 900 }), 'backend-catching-up', true],
  ['it is behind what was handled', measures({}, { handled: 101 }), 'backend-behind', true],
  ['the next block is pruned', measures({ missingBlock: 60, pruneHeight: 70 }, { handled: 59 }), 'block-pruned', true],
  ['the next block cannot be read', measures({ missingBlock: 60 }, { handled: 59 }), 'block-pruned', true],
  ['many blocks are still to be handled', measures({}, { handled: 93, laggingMs: 10_000 }), 'node-catching-up', true],
  ['many blocks have come at once', measures({}, { handled: 93, laggingMs: 9_999 }), '', false],
  ['old blocks were not looked through', measures({}, { unseen: { from: 3, to: 9 } }), 'blocks-unseen', false],
  [
    'there are no estimates',
    measures({ estimates: { arePresent: false, madeAt: 0, ageMs: 0 } }),
    'estimates-missing',
    false,
  ],
  [
    'the estimates are old',
    measures({ estimates: { arePresent: true, madeAt: 0, ageMs: 61 * MINUTE } }),
    'estimates-old',
    false,
  ],
  [
    'there are no estimates on a chain that has none',
    measures({ estimates: { arePresent: false, madeAt: 0, ageMs: 0 } }, { needsEstimates: false }),
    '',
    false,
  ],
]

for (const [what, measured, codes, blind] of CASES) {
  test(`${what} — ${codes || 'no problem'}${blind ? ', and nothing new is taken on' : ''}`, (t) => {
    const problems = chainProblems(measured)
    t.is(problems.map(({ code }) => code).join(' '), codes)
    t.is(problems.some(isBlinding), blind)
    for (const { text, fix } of problems.map(explainProblem)) {
      t.true(text.length > 20 && fix.length > 20 && `${text}. To do: ${fix}`.length <= 512)
      t.notRegex(text, /undefined/)
    }
  })
}
