// A tool with native code names one optional package for each platform. A registry that does not hold them all makes npm
// leave the absent ones out of package-lock.json, and `npm ci` then refuses the file. This puts them back, with the
// platform that their names tell, so that they are passed over everywhere else. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const { packages } = lock
const known = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)))

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

const platformOf = (name) => {
  const words = name.split('/').at(-1).split('-')
  const system = words.find((word) => SYSTEMS.includes(word))
  const processor = words.find((word) => PROCESSORS.includes(word))
  if (system === undefined || processor === undefined) throw new Error(`${name} tells no platform`)
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  return { os: [system], cpu: [processor], ...(system === 'linux' ? { libc: [libc] } : {}) }
}

const added = []
for (const holder of Object.values(packages)) {
  for (const [name, version] of Object.entries(holder.optionalDependencies ?? {})) {
    if (known.has(name) || holder.link === true) continue
    const { os, cpu, libc } = platformOf(name)
    const dev = holder.dev === true ? { dev: true } : {}
    packages[`node_modules/${name}`] = { version, cpu, ...dev, ...(libc ? { libc } : {}), optional: true, os }
    added.push(name)
  }
}

// npm keeps the root first, then everything by its path.
const paths = Object.keys(packages).sort((a, b) => a.localeCompare(b, 'en'))
lock.packages = Object.fromEntries(paths.map((path) => [path, packages[path]]))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${added.length} packages of other platforms put back\n`)
