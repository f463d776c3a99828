/**
 * Milliseconds of processor time that this thread has had. Charges are measured by it, because nobody is to blame for a machine that is
 * busy, or stops for a while.
 */
export const threadTime = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
