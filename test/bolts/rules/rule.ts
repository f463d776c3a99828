/**
 * What a BOLT asks of us, in our own words, section by section. A rule and the tests that show it have the same name: a test's title is
 * `BOLT 5, section — rule`, or the same and a colon with what this test shows of it.
 */
export interface BoltRules {
  readonly bolt: number
  readonly sections: readonly { readonly section: string; readonly rules: readonly string[] }[]
}
