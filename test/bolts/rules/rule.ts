/**
 * What a BOLT asks of us, in our own words, section by section. A rule and the tests that show it have the same name: a test's title is
 * `BOLT 5, section — rule`, or the same and a colon with what this test shows of it.
 */
export interface BoltRules {
  readonly bolt: number
  /** Which text was read, if all of it was: its rules then account for every MUST in it. */
  readonly text?: ReadText
  readonly sections: readonly Section[]
}

/** What a BOLT asks for in one matter, in a file of its own: the parts of its text that are about it, and their rules. */
export interface Topic {
  readonly parts: readonly Part[]
  readonly sections: readonly Section[]
}

interface Section {
  readonly section: string
  /** A rule of which no line is noted is a SHOULD that we keep, or more than the text says. */
  readonly rules: readonly (Rule | string)[]
}

export interface Rule extends Reason {
  readonly rule: string
  /** The lines of the text that ask for it: see `mustsOf`. */
  readonly lines: readonly number[]
}

/** Why there is no test: at most one of the two. */
export interface Reason {
  /** It does not concern this node. */
  readonly notOurs?: string
  /** It does concern this node, which does not keep it: what happens instead. */
  readonly notBuilt?: string
}

/** The text as it stands in one commit of the BOLTs. Rules name its lines; none of its words are kept here. */
export interface ReadText {
  readonly commit: string
  readonly file: string
  /** In the order of the text; each ends where the next begins. Where one has a reason, no rule names its lines. */
  readonly parts: readonly Part[]
}

interface Part extends Reason {
  readonly part: string
  /** The line of its heading. */
  readonly from: number
  /** How many lines of it ask for something: see `mustsOf`. */
  readonly musts: number
}
