/** Int32s in a row of the meta array. */
export const AEAD_ROW = 14;

/** The columns that describe one packet. All offsets and lengths are in bytes. spec/dcquic.md §22 */
export const Aead = {
  /** First byte of the additional data, in `wire`. */
  aad: 0,
  /** Its length; what is authenticated but not encrypted. */
  aadLength: 1,
  /** First byte of the ciphertext in `wire`; its 16-byte tag follows it. */
  wire: 2,
  /** First byte of the plaintext in `plain`. */
  plain: 3,
  /** Length of the plaintext, and of the ciphertext without its tag. 0 authenticates the additional data alone (GMAC). */
  length: 4,
  /** Slot of the key. */
  slot: 5,
  /** Little-endian into bytes 0–3 of the slot's initialisation vector, by exclusive or; with the next two the nonce. */
  nonce0: 6,
  /** The same for bytes 4–7. */
  nonce1: 7,
  /** The same for bytes 8–11. */
  nonce2: 8,
  /** Written by `seal` and `open`: one of {@link AeadResult}. */
  result: 9,
  /**
   * How many packets follow that are like this one but for their places and numbers; 0 for a packet by itself. So many of the next rows
   * are theirs: only the results in them are written, and nothing in them is read.
   */
  more: 10,
  /** How many bytes each of them lies behind the one before, on either side. */
  stride: 11,
  /**
   * The lower half of the number that is in `nonce1` and `nonce2`, exclusive-or whatever else is there: each of the packets that follow
   * has the next number in its place. Not looked at where `more` is 0.
   */
  number0: 12,
  /** The upper half. */
  number1: 13,
} as const;

/** What became of a packet. */
export const AeadResult = {
  /** It is sealed, or open and authentic. */
  done: 0,
  /** Its tag does not fit: `plain` holds zeros in its place. */
  notAuthentic: 1,
  /** There is no key in its slot. */
  noKey: 2,
  /** It does not lie inside the arrays, both sides overlap without being the same, or there are fewer rows than its run needs. */
  outOfRange: 3,
  /** The cipher refused. */
  failed: 4,
} as const;

/** Bytes of a tag. */
export const AEAD_TAG_BYTES = 16;

/** Bytes of an initialisation vector. */
export const AEAD_IV_BYTES = 12;
