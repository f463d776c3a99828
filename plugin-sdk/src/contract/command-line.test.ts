import test from 'ava'
import { commandForm, commandWords, finderOf } from './command-line.ts'
import { type ActorName, actors, allOperations, findOperation } from './contract.ts'
import type { Operation } from './define.ts'

const formOf = (actor: ActorName, name: string): string =>
  commandForm(actor, name, findOperation(actor, name) as Operation)

test('an operation is asked for in its group, by its name and its arguments, which say no unit', (t) => {
  t.is(
    formOf('channels', 'setRelayFees'),
    'fulgurite channels set-relay-fees <channel-id> <fee-base> <fee-proportional-millionths>',
  )
  t.is(formOf('peers', 'rename'), 'fulgurite peers rename <node-id> [name]')
})

test('the operations of the node stand by themselves, under names that are no other group’s', (t) => {
  t.is(formOf('node', 'getInfo'), 'fulgurite getinfo')
  t.is(formOf('node', 'stop'), 'fulgurite stop')
  for (const { actor, name, operation } of allOperations()) {
    const { group, name: word } = commandWords(actor, name, operation)
    if (group === undefined) t.false(Object.hasOwn(actors, word), word)
  }
})

test('no two commands of a group have one name, and its name alone stands for one of them at most', (t) => {
  for (const actor of Object.keys(actors) as ActorName[]) {
    const words = allOperations()
      .filter((each) => each.actor === actor)
      .map(({ name, operation }) => commandWords(actor, name, operation))
    const names = words.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))
    t.is(new Set(names).size, names.length, actor)
    t.true(words.filter(({ isDefault }) => isDefault).length <= 1, actor)
  }
})

test('channels and peers are found by what a person types, and nothing else is', (t) => {
  t.like(finderOf('channel-id'), { actor: 'channels', name: 'find', given: 'channel', found: 'channelId' })
  t.like(finderOf('node-id'), { actor: 'peers', name: 'find', given: 'peer', found: 'nodeId' })
  t.true(finderOf('node-id')?.whole.test(`02${'ab'.repeat(32)}`))
  t.false(finderOf('channel-id')?.whole.test(`02${'ab'.repeat(32)}`))
  t.is(finderOf('payment-hash'), undefined)
})
