declare const flavor: unique symbol

/**
 * A named form of `T`. A plain `T` is accepted where a flavoured one is asked for, but two different flavours do not mix:
 * passing a `Sat` where a `Msat` is expected does not compile, while arithmetic (which yields plain `bigint`) needs no cast.
 */
export type Flavor<T, Name extends string> = T & { readonly [flavor]?: Name }
