/** The graph is held in columns, one typed array for each field: an object for each edge would take ten times the memory. */
interface ColumnTypes {
  readonly u8: Uint8Array
  readonly u16: Uint16Array
  readonly u32: Uint32Array
  readonly i32: Int32Array
  readonly u64: BigUint64Array
  readonly f64: Float64Array
}

type ColumnType = keyof ColumnTypes

/** The fields of a table, each with the type of its column. */
export type Spec = Readonly<Record<string, ColumnType>>

/** The columns of a table. */
export type Columns<S extends Spec> = { readonly [K in keyof S]: ColumnTypes[S[K]] }

/** What the memory of columns is: shared memory goes to another thread without being copied. */
export type Memory = typeof ArrayBuffer | typeof SharedArrayBuffer

const MAKE: { readonly [T in ColumnType]: (memory: Memory, rows: number) => ColumnTypes[T] } = {
  u8: (memory, rows) => new Uint8Array(new memory(rows)),
  u16: (memory, rows) => new Uint16Array(new memory(rows * 2)),
  u32: (memory, rows) => new Uint32Array(new memory(rows * 4)),
  i32: (memory, rows) => new Int32Array(new memory(rows * 4)),
  u64: (memory, rows) => new BigUint64Array(new memory(rows * 8)),
  f64: (memory, rows) => new Float64Array(new memory(rows * 8)),
}

/** Columns of zeros. */
export const allocate = <S extends Spec>(spec: S, rows: number, memory: Memory = ArrayBuffer): Columns<S> =>
  Object.fromEntries(Object.entries(spec).map(([name, type]) => [name, MAKE[type](memory, rows)])) as Columns<S>

/** Columns of `rows` rows that begin with the first `kept` of others. */
export const copied = <S extends Spec>(
  spec: S,
  columns: Columns<S>,
  kept: number,
  rows: number,
  memory: Memory = ArrayBuffer,
): Columns<S> => {
  const copy = allocate(spec, rows, memory)
  for (const name of Object.keys(spec)) {
    const from = columns[name] as ColumnTypes[ColumnType]
    const to = copy[name] as ColumnTypes[ColumnType]
    // Of one type, because of one spec.
    to.set(from.subarray(0, kept) as never)
  }
  return copy
}

/** Sets all fields of a row to zero. */
export const clearRow = <S extends Spec>(columns: Columns<S>, row: number): void => {
  for (const column of Object.values<ColumnTypes[ColumnType]>(columns)) {
    column[row] = column instanceof BigUint64Array ? 0n : 0
  }
}
