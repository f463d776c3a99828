import test from 'ava'
import { allOperations, boundable, COMMON_ERRORS, contract, isCommand, isSpending, PURSES } from './index.ts'
import { scalarsOf, shapeOf } from './shape.ts'

const limited = new Set(['msat', 'sat', 'ppm', 'feerate', 'address', 'socket-address'])

for (const { actor, name, operation } of allOperations()) {
  const fields = Object.keys(operation.request.shape)

  if (isCommand(operation)) {
    test(`${actor}.${name} — every field of a money kind has a bound, a budget or a stated reason`, (t) => {
      const covered = [...operation.bounds, ...operation.counted, ...Object.keys(operation.unbounded)]
      const uncovered = scalarsOf(shapeOf(operation.request))
        .filter(({ path, scalar }) => limited.has(scalar) && !covered.includes(path[0] ?? ''))
        .map(({ path }) => path.join('.'))
      t.deepEqual(uncovered, [])
      t.deepEqual(
        covered.filter((one) => !fields.includes(one)),
        [],
      )
    })

    test(`${actor}.${name} — a key is required, and fields are counted, exactly where it spends`, (t) => {
      const spends = operation.effects.some((effect) => PURSES.some((purse) => purse === effect))
      t.is(isSpending(operation), spends)
      t.is(operation.keyRequired, spends)
      if (!spends) t.deepEqual(operation.counted, [])
    })

    test(`${actor}.${name} — a grant can bound each of its amounts, and all else that it must bound`, (t) => {
      const amounts = scalarsOf(shapeOf(operation.request))
        .filter(({ path, scalar }) => (scalar === 'msat' || scalar === 'sat') && path.length === 1)
        .map(({ path }) => path[0] ?? '')
      const fields = [...boundable(operation), ...Object.keys(operation.unbounded)]
      t.deepEqual(
        [...operation.bounds, ...amounts].filter((field) => !fields.includes(field)),
        [],
      )
    })
  }

  test(`${actor}.${name} — is strict on what it is asked and open in what it answers`, (t) => {
    const request = shapeOf(operation.request)
    const reply = shapeOf(operation.reply)
    t.true(request.type === 'object' && request.strict)
    t.true(reply.type === 'object' && !reply.strict)
    if (operation.kind === 'query') t.true(Object.hasOwn(operation.reply.shape, 'asOf'))
    for (const position of operation.positional) t.true(fields.includes(position), position)
  })

  test(`${actor}.${name} — its error codes are kebab-case, listed once, and not the common ones`, (t) => {
    t.is(new Set(operation.errors).size, operation.errors.length)
    for (const code of operation.errors) {
      t.regex(code, /^[a-z0-9]+(-[a-z0-9]+)*$/)
      t.false(Object.hasOwn(COMMON_ERRORS, code), code)
    }
  })
}

test('secrets are classed as secrets wherever they appear, and no event carries one', (t) => {
  const secret = /preimage|secret|seed|token$|password|mnemonic/i
  const all = [
    ...allOperations().flatMap(({ operation }) => [operation.request, operation.reply]),
    ...Object.values(contract.hooks).flatMap(({ request, verdict }) => [request, verdict]),
  ].flatMap((schema) => scalarsOf(shapeOf(schema)))
  for (const { path, dataClass, scalar } of all) {
    if (secret.test(path.at(-1) ?? '')) t.is(dataClass, 'secret', path.join('.'))
    if (scalar === 'preimage') t.is(dataClass, 'secret')
  }
  for (const { name, payload } of Object.values(contract.events)) {
    for (const { path, dataClass } of scalarsOf(shapeOf(payload))) {
      t.not(dataClass, 'secret', `${name} ${path.join('.')}`)
    }
  }
})

test('amounts name their unit', (t) => {
  const all = [
    ...allOperations().flatMap(({ operation }) => [operation.request, operation.reply]),
    ...Object.values(contract.events).map(({ payload }) => payload),
    ...Object.values(contract.hooks).map(({ request }) => request),
  ].flatMap((schema) => scalarsOf(shapeOf(schema)))
  for (const { path, scalar } of all) {
    const name = path.at(-1) ?? ''
    if (scalar === 'msat') t.regex(name, /Msat$/)
    if (scalar === 'sat') t.regex(name, /Sat$/)
    if (/Msat$/.test(name)) t.is(scalar, 'msat', path.join('.'))
    if (/Sat$/.test(name)) t.is(scalar, 'sat', path.join('.'))
  }
})

test('every summary is a sentence', (t) => {
  const summaries = [
    ...allOperations().map(({ operation }) => operation.summary),
    ...Object.values(contract.events).map(({ summary }) => summary),
    ...Object.values(contract.hooks).map(({ summary }) => summary),
  ]
  for (const summary of summaries) t.regex(summary, /^[A-Z].*\.$/)
})

test('events are named by dotted, lower-case words and start at version 1', (t) => {
  for (const { name, version } of Object.values(contract.events)) {
    t.regex(name, /^[a-z]+\.[a-z]+(-[a-z]+)*$/)
    t.true(version >= 1)
  }
})
