/** A teller that tells of each thing once. */
export const tellOnce = <Thing extends string | number>(tell: (thing: Thing) => void): ((thing: Thing) => void) => {
  const told = new Set<Thing>()
  return (thing) => {
    if (told.has(thing)) return
    told.add(thing)
    tell(thing)
  }
}
