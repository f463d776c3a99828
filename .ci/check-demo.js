// `check-demo.js OUTPUT`: the last line of `npm run demo -- --json` is an object whose `balancesMatch` is true.
import { readFileSync } from 'node:fs'

const last = readFileSync(process.argv[2], 'utf8').trimEnd().split('\n').at(-1) ?? ''
process.stdout.write(`${last}\n`)
const result = JSON.parse(last)
if (result.balancesMatch !== true) {
  process.stdout.write('the demo ended, but its balances do not match\n')
  process.exitCode = 1
}
