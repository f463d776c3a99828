// Reads what `ava --tap` wrote: `tap-summary.js TAP FAILURES` prints `PASSED FAILED`, and writes the failing tests with
// their details into FAILURES. Skipped tests and those marked to do count as neither.
import { readFileSync, writeFileSync } from 'node:fs'

const [tapFile, failuresFile] = process.argv.slice(2)
let passed = 0
let failed = 0
let inFailure = false
const failures = []

for (const line of readFileSync(tapFile, 'utf8').split('\n')) {
  const verdict = /^(not )?ok\b(.*)$/.exec(line)
  if (verdict !== null) {
    const isLeftOut = /# (skip|todo)\b/i.test(verdict[2])
    inFailure = verdict[1] !== undefined && !isLeftOut
    if (inFailure) failed += 1
    else if (!isLeftOut) passed += 1
  } else if (/^(1\.\.\d|# (tests|pass|skip|fail))/.test(line)) {
    inFailure = false
  }
  if (inFailure) failures.push(line)
}

writeFileSync(failuresFile, failures.length === 0 ? '' : `${failures.join('\n').trimEnd()}\n`)
process.stdout.write(`${passed} ${failed}\n`)
