import type { BoltRules } from './rule.ts'

/** The transport: how two nodes come to know each other, and what is between them then. */
export const BOLT_8: BoltRules = {
  bolt: 8,
  text: {
    commit: 'a3772650d8ebc06acf457fcadf97968ebfc4dfff',
    file: '08-transport.md',
    parts: [
      { part: 'Overview', from: 34, musts: 2 },
      { part: 'Ciphers', from: 105, musts: 1 },
      { part: 'Handshake', from: 122, musts: 8 },
      { part: 'Messages', from: 409, musts: 5 },
    ],
  },
  sections: [
    {
      section: 'ciphers',
      rules: [{ rule: 'ChaCha20 and Poly1305 are those of RFC 8439', lines: [113] }],
    },
    {
      section: 'handshake',
      rules: [
        { rule: 'each has an ephemeral key of its own', lines: [148] },
        { rule: 'the acts of appendix A are made and read, and its failures found', lines: [256, 315, 382] },
        {
          rule: 'an act that is wrong ends the connection, without another byte',
          lines: [36, 103, 270, 327, 387, 394],
        },
      ],
    },
    {
      section: 'messages',
      rules: [
        { rule: 'one has at most 65535 bytes', lines: [419] },
        {
          rule: 'those of appendix A are encrypted and decrypted, nonces counted and keys replaced',
          lines: [465, 469, 482, 487],
        },
        'one that was changed, or was sent before, is not taken',
      ],
    },
  ],
}
