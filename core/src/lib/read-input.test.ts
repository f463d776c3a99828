import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const READ_INPUT = fileURLToPath(new URL('read-input.ts', import.meta.url))
const PROGRAM = `import { readInput } from ${JSON.stringify(READ_INPUT)}; process.stdin.resume(); process.stdin.pause(); process.stdout.write(readInput(0))`

// What stands in the pipe is a program for a shell of theirs.
const onPosix = process.platform === 'win32' ? test.skip : test
if (process.platform === 'win32') test('skipped: there is no sh here', (t) => t.pass())
onPosix('what a program says after a while is read to its end', async (t) => {
  const line = '(sleep 0.3; echo abandon; sleep 0.1; echo about) | "$0" --input-type=module --eval "$1"'
  const { stdout } = await promisify(execFile)('sh', ['-c', line, process.execPath, PROGRAM])
  t.is(stdout, 'abandon\nabout\n')
})
