// How the process of a node is started. Plain JavaScript for any Node: what finds the right one needs it, too.

/** Node's flags. */
export const FLAGS = [
  // A node lives long and makes little garbage: four times more room for it, as by default, is memory and no speed.
  '--max-semi-space-size=4',
  // A node at rest collects what its work has left, and the engine then gives back what it took for it, soon.
  '--expose-gc',
  '--memory-reducer-delay-ms=1000',
]

/** In the repository packages are resolved to their TypeScript sources, which Node can run as they are. */
export const SOURCE_FLAGS = ['--conditions=fulgurite-source', '--disable-warning=ExperimentalWarning']

/** The commands by which this process becomes a node, and lives long. Every other one asks a node, and is over at once. */
const NODE_COMMANDS = ['start', 'demo']

/** Whether a command line may become a node. A value that happens to read like one costs a second start, and nothing else. */
export const becomesNode = (args) => args.some((word) => NODE_COMMANDS.includes(word))

/** What Node has to be started with for a command line: `hasSources` as in `program.js`, and whether the sources are what runs. */
export const flagsFor = (args, { hasSources, runsSources }) => {
  if (becomesNode(args)) return hasSources ? [...FLAGS, ...SOURCE_FLAGS] : FLAGS
  return runsSources() ? SOURCE_FLAGS : []
}

/**
 * What the C library is told, and leaves to each thread otherwise: that all allocate from one heap, and that its free end
 * goes back to the system. A dozen threads allocate little and keep much. Where it is another library it says nothing.
 */
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' }

/** An environment for the process of a node; what is set by hand stays. */
export const withAllocator = (env) => ({ ...ALLOCATOR, ...env })

/** Whether the process that asks was started with such an environment. */
export const hasAllocator = (env) => Object.keys(ALLOCATOR).every((name) => env[name] !== undefined)
