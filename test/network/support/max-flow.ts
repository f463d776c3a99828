/** What one node can send to another over one of their channels, in msat. */
export interface Edge {
  readonly from: number
  readonly to: number
  readonly msat: number
}

/** The most that can go from one node to another by any ways at the same time, fees aside: the shortest way again and again. */
export const maxFlow = (edges: readonly Edge[], from: number, to: number): number => {
  // Each edge with the one that takes back what was sent over it beside it.
  const ends = edges.flatMap((edge) => [
    { to: edge.to, left: edge.msat },
    { to: edge.from, left: 0 },
  ])
  const outOf = new Map<number, number[]>()
  for (const [at, end] of ends.entries()) {
    const start = (ends[at ^ 1] as (typeof ends)[number]).to
    if (end.to !== start) outOf.set(start, [...(outOf.get(start) ?? []), at])
  }
  for (let sum = 0; ; ) {
    const into = new Map<number, number>()
    const queue = [from]
    for (const node of queue) {
      if (into.has(to)) break
      for (const at of outOf.get(node) ?? []) {
        const end = ends[at] as (typeof ends)[number]
        if (end.left <= 0 || end.to === from || into.has(end.to)) continue
        into.set(end.to, at)
        queue.push(end.to)
      }
    }
    if (!into.has(to)) return sum
    const way: number[] = []
    for (let node = to; node !== from; ) {
      const at = into.get(node) as number
      way.push(at)
      node = (ends[at ^ 1] as (typeof ends)[number]).to
    }
    const most = Math.min(...way.map((at) => (ends[at] as (typeof ends)[number]).left))
    for (const at of way) {
      ;(ends[at] as (typeof ends)[number]).left -= most
      ;(ends[at ^ 1] as (typeof ends)[number]).left += most
    }
    sum += most
  }
}
