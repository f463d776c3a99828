/**
 * How long a test waits for what must come. It is no limit on how long things may take, on whatever machine: it only names
 * what did not come before the runner, whose own limit is longer, ends the test without a word. Whoever looks for a fault
 * may want to know sooner, by FULGURITE_PATIENCE_MS.
 */
export const PATIENCE_MS = Number(process.env.FULGURITE_PATIENCE_MS ?? 110_000)
