// The compiler leaves `./x.ts` in declarations, where not every tool looks for `./x.d.ts`: they get what the JavaScript has.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))

for (const name of globSync('**/*.d.ts', { cwd: dist })) {
  const text = readFileSync(dist + name, 'utf8')
  writeFileSync(dist + name, text.replace(/(from |import\()'(\.{1,2}\/[^']*)\.ts'/g, "$1'$2.js'"))
}
