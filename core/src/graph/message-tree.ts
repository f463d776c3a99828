import type { NodeId } from '../lib/ids.ts'

/** A node as the graph knows it: one object for each. */
interface Node {
  readonly id: NodeId
}

/** For each node that onion messages can reach, the one before it on a shortest way; `undefined` for those where ways begin. */
export type MessageTree<N extends Node> = ReadonlyMap<N, N | undefined>

/** The longest way that is looked for: with more relays a message is too likely to be lost. */
const MAX_RELAYS = 8

/** The shortest ways from some nodes to all others, over channels both of whose nodes relay onion messages. */
export const messageTree = <N extends Node>(
  roots: readonly N[],
  links: readonly (readonly [N, N])[],
): MessageTree<N> => {
  const tree = new Map<N, N | undefined>(roots.map((root) => [root, undefined]))
  let left = links
  for (let distance = 1; distance <= MAX_RELAYS; distance++) {
    const found: [N, N][] = []
    // What leads to nothing new is not looked at again.
    left = left.filter(([one, two]) => {
      if (tree.has(one) === tree.has(two)) return !tree.has(one)
      found.push(tree.has(one) ? [two, one] : [one, two])
      return false
    })
    if (found.length === 0) break
    for (const [node, before] of found) if (!tree.has(node)) tree.set(node, before)
  }
  return tree
}

/** The nodes before `to`, in the order of travel; `undefined` if no way leads there. */
export const relaysTo = <N extends Node>(tree: MessageTree<N>, to: N): readonly NodeId[] | undefined => {
  if (!tree.has(to)) return undefined
  const relays: NodeId[] = []
  for (let node = tree.get(to); node !== undefined; node = tree.get(node)) relays.unshift(node.id)
  return relays
}
