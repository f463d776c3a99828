// What asks for the ways of a place goes through the library behind `Intl`, whose objects live outside the heap. Here there is one
// way, the same everywhere; how amounts and dates are shown to people is for the functions that the SDK brings.
const replace = (prototype: object, key: string, value: unknown): void => {
  Object.defineProperty(prototype, key, { value, writable: true, enumerable: false, configurable: true })
}

export const removeLocales = (): void => {
  const { toUpperCase, toLowerCase } = String.prototype
  replace(String.prototype, 'localeCompare', function (this: string, other: unknown) {
    const [a, b] = [String(this), String(other)]
    return a < b ? -1 : a > b ? 1 : 0
  })
  replace(String.prototype, 'toLocaleUpperCase', function (this: string) {
    return toUpperCase.call(this)
  })
  replace(String.prototype, 'toLocaleLowerCase', function (this: string) {
    return toLowerCase.call(this)
  })
  const { toString: numberText } = Number.prototype
  replace(Number.prototype, 'toLocaleString', function (this: number) {
    return numberText.call(this)
  })
  const { toString: bigintText } = BigInt.prototype
  replace(BigInt.prototype, 'toLocaleString', function (this: bigint) {
    return bigintText.call(this)
  })
  const { toISOString } = Date.prototype
  replace(Date.prototype, 'toLocaleString', function (this: Date) {
    return toISOString.call(this)
  })
  replace(Date.prototype, 'toLocaleDateString', function (this: Date) {
    return toISOString.call(this).slice(0, 10)
  })
  replace(Date.prototype, 'toLocaleTimeString', function (this: Date) {
    return toISOString.call(this).slice(11, 19)
  })
}
