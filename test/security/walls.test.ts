import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import type { WallPlan } from '../../core/src/plugins/walls/wall-plan.ts'
import { breakOut, layOut, nativeProbe, type Prey, plansHere } from './support/escape.ts'

const test = anyTest as TestFn<Prey>

test.before(async (t) => {
  t.context = await layOut()
})

test.after.always((t) => t.context.close())

// What is out of reach whatever the walls are: Node's permission model refuses it to JavaScript.
const REFUSED_TO_JAVASCRIPT = [
  'environment',
  'read /etc/passwd',
  'read the seed',
  'read the seed by a binding of Node',
  "read the node's environment",
  "read the node's memory",
  'read a descriptor that it was not meant to have',
  'list /',
  'write a file',
  'start a program',
  'start a shell',
  'start a worker',
  'load another addon',
  'open a database',
  'run WASI',
  'open an inspector',
  'connect to the core',
  'connect to a socket in the file system',
  'listen',
  'send a datagram',
  'look up a name',
  'fetch',
  'grant itself a right',
] as const

// What the permission model alone does not refuse, and which walls do.
const UP_TO_THE_WALLS = {
  'signal the node': ({ walls }: WallPlan) => walls.processes !== 'permission-model',
  'signal its parent': ({ walls }: WallPlan) => walls.processes !== 'permission-model',
  'be another user': ({ walls }: WallPlan) => walls.user === 'own' || walls.user === 'namespaced' || !isRoot,
  'give itself a better priority': ({ walls }: WallPlan) =>
    walls.user === 'own' || walls.user === 'namespaced' || !isRoot,
} as const

const isRoot = process.getuid?.() === 0
const inNamespaces = ({ walls }: WallPlan): boolean => walls.files === 'own-root'
const filtered = ({ walls }: WallPlan): boolean => walls.systemCalls === 'filtered'
const apart = ({ walls }: WallPlan): boolean => walls.processes !== 'permission-model'
const limited = ({ walls }: WallPlan): boolean => walls.memory === 'kernel-limit'

// For machine code: which walls keep it from what.
const RAW = {
  'the seed': apart,
  'the users of the machine': inNamespaces,
  "the node's memory": apart,
  "the node's environment": apart,
  "a debugger's hold of the node": apart,
  'a signal to the node': apart,
  'a signal to every process': inNamespaces,
  'a process by fork': filtered,
  'a process by clone': filtered,
  'a shell': inNamespaces,
  'a connection to the node': inNamespaces,
  // Without the filter it comes as far as the loopback of its own network.
  'a datagram': filtered,
  'a connection to a socket in the file system': apart,
  "the kernel's own network": filtered,
  'a file in the root': apart,
  'a file for all': limited,
  'a file in memory': filtered,
  'open descriptors': apart,
  'a better priority': apart,
  'another user': apart,
  'a user namespace': filtered,
  'a root of its choice': apart,
  'a program in the kernel': apart,
  'a queue to the kernel': filtered,
  'a hold of page faults': apart,
  "the kernel's keys": filtered,
  'more descriptors': apart,
  'more memory by asking': apart,
  'a gigabyte': limited,
} as const satisfies Readonly<Record<string, (plan: WallPlan) => boolean>>

/** What each attempt came to; `undefined` where these walls cannot be put up here, which is said. */
const attempts = async (
  t: ExecutionContext<Prey>,
  plan: WallPlan,
  mode: string,
  addon?: string,
): Promise<Readonly<Record<string, string>> | undefined> => {
  const before = t.context.connections()
  const ended = await breakOut(t.context, plan, mode, addon)
  if (ended.type === 'refused') {
    t.log(`not tried: ${plan.name} cannot be put up here: ${ended.why}`)
    t.pass()
    return undefined
  }
  t.is(ended.fault.code, 'escape-report', ended.fault.text)
  if (inNamespaces(plan) || mode === 'report') t.is(t.context.connections(), before)
  return JSON.parse(ended.fault.text) as Readonly<Record<string, string>>
}

for (const plan of plansHere) {
  test.serial(`JavaScript that holds its whole process gets nothing — ${plan.name}`, async (t) => {
    const results = await attempts(t, plan, 'report')
    if (results === undefined) return
    t.log(results)
    for (const attempt of REFUSED_TO_JAVASCRIPT) {
      const result = results[attempt]
      t.true(result !== undefined && !result.startsWith('got'), `${attempt}: ${result}`)
    }
    for (const [attempt, held] of Object.entries(UP_TO_THE_WALLS)) {
      const result = results[attempt] ?? 'missing'
      if (held(plan)) t.notRegex(result, /^(got|missing)/, attempt)
    }
  })

  // Where nothing holds machine code there is nothing to show.
  if (!apart(plan)) continue
  test.serial(`machine code that holds its process gets no more than the walls say — ${plan.name}`, async (t) => {
    const probe = nativeProbe(t.context)
    if ('why' in probe) {
      t.log(`not tried: ${probe.why}`)
      t.pass()
      return
    }
    const results = await attempts(t, plan, 'native', probe.path)
    if (results === undefined) return
    t.log(results)
    for (const [attempt, held] of Object.entries(RAW)) {
      const result = results[attempt] ?? 'missing'
      if (held(plan)) t.notRegex(result, /^(got|missing)/, attempt)
    }
  })
}

test.serial(
  'memory taken beside the heap in a turn that is over at once, and kept while the cell rests, is seen',
  async (t) => {
    const [plan] = plansHere.slice(-1)
    if (plan === undefined) {
      t.fail()
      return
    }
    const ended = await breakOut(t.context, plan, 'hoard')
    t.like(ended, { type: 'ended', fault: { code: 'memory-limit' } })
  },
)

test.serial('the kernel refuses memory beyond the limit even to who takes it at one stroke', async (t) => {
  const plan = plansHere.find(limited)
  if (plan === undefined) {
    t.log('not tried: prlimit is not installed')
    t.pass()
    return
  }
  // Within the first look, and far past the limit.
  const ended = await breakOut(t.context, plan, 'hoard-at-once')
  if (ended.type === 'refused') {
    t.log(`not tried: ${ended.why}`)
    t.pass()
    return
  }
  t.like(ended.fault, { code: 'escape-report' })
  t.deepEqual(JSON.parse(ended.fault.text), { refused: true })
})

if (!plansHere.some(inNamespaces))
  test('skipped: namespaces and the filter are not tried: bubblewrap is not installed', (t) => t.pass())
