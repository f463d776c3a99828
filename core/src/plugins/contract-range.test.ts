import test from 'ava'
import { satisfiesRange } from './contract-range.ts'

const CASES: readonly (readonly [version: string, range: string, satisfied: boolean])[] = [
  ['0.1.0', '0.1.0', true],
  ['0.1.1', '0.1.0', false],
  ['0.1.5', '^0.1.2', true],
  ['0.1.1', '^0.1.2', false],
  ['0.2.0', '^0.1.0', false],
  ['1.4.0', '^1.2.3', true],
  ['1.2.2', '^1.2.3', false],
  ['2.0.0', '^1.2.3', false],
  ['1.2.9', '~1.2.3', true],
  ['1.3.0', '~1.2.3', false],
]

for (const [version, range, satisfied] of CASES) {
  test(`contract ${version} ${satisfied ? 'satisfies' : 'does not satisfy'} ${range}`, (t) => {
    t.is(satisfiesRange(version, range), satisfied)
  })
}
