/** Children of each entry: four are on one line of the cache, and the heap is half as deep as with two. */
const BRANCHES = 4
const ABSENT = -1

/** Nodes by their cost, the least first: a heap over arrays that searches use again. */
export class NodeHeap {
  readonly #cost: Float64Array
  readonly #nodes: Int32Array
  /** Where each node is in the heap. */
  readonly #position: Int32Array
  #size = 0

  /** `cost` is the caller's, by node; what is in the heap is told of each change of it. */
  constructor(cost: Float64Array) {
    this.#cost = cost
    this.#nodes = new Int32Array(cost.length)
    this.#position = new Int32Array(cost.length).fill(ABSENT)
  }

  clear(): void {
    for (let i = 0; i < this.#size; i++) this.#position[this.#nodes[i] as number] = ABSENT
    this.#size = 0
  }

  /** The cost of the node is new, or no more than before. */
  cheaper(node: number): void {
    let at = this.#position[node] as number
    if (at === ABSENT) at = this.#size++
    const nodes = this.#nodes
    const cost = this.#cost[node] as number
    while (at > 0) {
      const up = ((at - 1) / BRANCHES) | 0
      const other = nodes[up] as number
      if ((this.#cost[other] as number) <= cost) break
      this.#put(at, other)
      at = up
    }
    this.#put(at, node)
  }

  /** Takes the cheapest node out; -1 if there is none. */
  take(): number {
    if (this.#size === 0) return -1
    const nodes = this.#nodes
    const costs = this.#cost
    const taken = nodes[0] as number
    this.#position[taken] = ABSENT
    const size = --this.#size
    if (size === 0) return taken
    const node = nodes[size] as number
    const cost = costs[node] as number
    let at = 0
    for (;;) {
      const first = at * BRANCHES + 1
      if (first >= size) break
      const end = Math.min(first + BRANCHES, size)
      let least = first
      let leastCost = costs[nodes[first] as number] as number
      for (let i = first + 1; i < end; i++) {
        const other = costs[nodes[i] as number] as number
        if (other >= leastCost) continue
        least = i
        leastCost = other
      }
      if (leastCost >= cost) break
      this.#put(at, nodes[least] as number)
      at = least
    }
    this.#put(at, node)
    return taken
  }

  #put(at: number, node: number): void {
    this.#nodes[at] = node
    this.#position[node] = at
  }
}
