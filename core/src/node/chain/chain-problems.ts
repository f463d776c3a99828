import type { BackendHealth, ChainTip } from '../../chain/chain-backend.ts'
import type { BlockHeight } from '../../lib/units.ts'

/** Reasons why the node cannot know the current state of the chain. */
export type ChainProblem =
  | { readonly code: 'backend-unreachable'; readonly cause: string; readonly silentMs: number }
  | { readonly code: 'backend-catching-up'; readonly height: BlockHeight; readonly headers: BlockHeight }
  | { readonly code: 'backend-behind'; readonly height: BlockHeight; readonly handled: BlockHeight }
  | { readonly code: 'block-pruned'; readonly height: BlockHeight; readonly pruneHeight?: BlockHeight }
  | { readonly code: 'node-catching-up'; readonly height: BlockHeight; readonly handled: BlockHeight }
  | { readonly code: 'blocks-unseen'; readonly from: BlockHeight; readonly to: BlockHeight }
  | { readonly code: 'estimates-missing' }
  | { readonly code: 'estimates-old'; readonly ageMs: number }

export interface ChainMeasures {
  readonly health: BackendHealth
  /** The backend's tip, as it was last told. */
  readonly tip: ChainTip
  /** The highest block that was ever handled. */
  readonly handled: BlockHeight
  /** For how long more blocks than usual have been waiting to be handled; 0 if none are. */
  readonly laggingMs: number
  readonly unseen: { readonly from: BlockHeight; readonly to: BlockHeight } | undefined
  /** Whether fee rates are worth a warning: on regtest there are never estimates. */
  readonly needsEstimates: boolean
}

/** There are always a block or two on their way. */
const BLOCKS_BEHIND = 6
/** Blocks that come all at once are handled at once. */
const LAGGING_MS = 10_000

/** Whether more blocks than usual are waiting to be handled. */
export const isLagging = ({ height }: ChainTip, handled: BlockHeight): boolean => height - handled > BLOCKS_BEHIND

/** The time of two blocks: after that, a silent backend may hide spends, and heights at which HTLCs expire. */
const BLIND_AFTER_MS = 1_200_000
export const ESTIMATES_OLD_MS = 3_600_000

/** What is wrong, the worst first. */
export const chainProblems = ({
  health,
  tip,
  handled,
  laggingMs,
  unseen,
  needsEstimates,
}: ChainMeasures): ChainProblem[] => {
  const problems: ChainProblem[] = []
  const { height } = tip
  const { silentMs, pruneHeight, headers, estimates } = health
  if (!health.isCurrent) {
    problems.push({ code: 'backend-unreachable', cause: health.problem?.code ?? 'no-answer', silentMs })
  }
  if (health.isCatchingUp) problems.push({ code: 'backend-catching-up', height, headers })
  else if (height < handled) problems.push({ code: 'backend-behind', height, handled })
  if (health.missingBlock !== undefined) {
    const from = pruneHeight === undefined ? {} : { pruneHeight }
    problems.push({ code: 'block-pruned', height: health.missingBlock, ...from })
  } else if (laggingMs >= LAGGING_MS) {
    problems.push({ code: 'node-catching-up', height, handled })
  }
  if (unseen !== undefined) problems.push({ code: 'blocks-unseen', ...unseen })
  if (needsEstimates && !estimates.arePresent) problems.push({ code: 'estimates-missing' })
  else if (needsEstimates && estimates.ageMs > ESTIMATES_OLD_MS) {
    problems.push({ code: 'estimates-old', ageMs: estimates.ageMs })
  }
  return problems
}

/** Whether this problem keeps the node from seeing what happens to its channels, so that it takes on nothing new. */
export const isBlinding = (problem: ChainProblem): boolean => {
  switch (problem.code) {
    case 'backend-unreachable':
      return problem.silentMs > BLIND_AFTER_MS
    case 'backend-catching-up':
    case 'backend-behind':
    case 'block-pruned':
    case 'node-catching-up':
      return true
    case 'blocks-unseen':
    case 'estimates-missing':
    case 'estimates-old':
      return false
  }
}

/** The problem and what to do about it, in words. */
export const explainProblem = (problem: ChainProblem): { readonly text: string; readonly fix: string } => {
  switch (problem.code) {
    case 'backend-unreachable':
      return {
        text: `the chain backend has not answered for ${Math.round(problem.silentMs / 1_000)} s (${problem.cause}): what happens on the chain is not seen`,
        fix: 'start bitcoind again, or look into its debug.log; the node goes on by itself',
      }
    case 'backend-catching-up':
      return {
        text: `bitcoind has not caught up with the network: block ${problem.height} of ${problem.headers}`,
        fix: 'wait until it has; the node goes on by itself',
      }
    case 'backend-behind':
      return {
        text: `bitcoind is at block ${problem.height}, and this node has handled block ${problem.handled}`,
        fix: 'wait if bitcoind loads its blocks anew; if not, it is on another chain, or its data folder is an old copy',
      }
    case 'block-pruned':
      return {
        text:
          (problem.pruneHeight === undefined
            ? `bitcoind does not give block ${problem.height}, which this node has not handled yet`
            : `bitcoind has pruned block ${problem.height}, which this node has not handled yet (it keeps blocks from ${problem.pruneHeight} on)`) +
          ', and none of its peers gave it: closings of channels are not seen, and nothing new is opened, paid or relayed',
        fix:
          problem.pruneHeight === undefined
            ? 'look into its debug.log: its disk may be full or broken; -reindex has it read its blocks anew'
            : 'connect bitcoind to a node that keeps all blocks (addnode), or use a bitcoind with a larger prune target or none',
      }
    case 'node-catching-up':
      return {
        text: `the node handles blocks that it has missed: ${problem.handled} of ${problem.height}`,
        fix: 'wait until it has; nothing new is opened, paid or relayed until then',
      }
    case 'blocks-unseen':
      return {
        text: `blocks ${problem.from} to ${problem.to} had to be looked through again for channels, and bitcoind has pruned them`,
        fix: 'restart the node on a bitcoind that has these blocks, with a larger prune target or none',
      }
    case 'estimates-missing':
      return {
        text: 'bitcoind has no fee estimates: transactions pay the lowest fee that travels, and may not confirm in time',
        fix: 'let bitcoind run for some blocks, with its mempool and connections',
      }
    case 'estimates-old':
      return {
        text: `the fee estimates are ${Math.round(problem.ageMs / 60_000)} minutes old`,
        fix: 'look whether bitcoind answers: its debug.log may say more',
      }
  }
}
