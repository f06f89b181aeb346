// Where the fields of a HEADER are in the layout that every writer of today's schema gives it: one segment; root struct,
// schemaKey, hash128, tags and their texts in this order. spec/xcp.md §4

/** Bytes of a word, the unit of every size and offset. */
export const WORD = 8;
/** Offset of the root pointer, behind the segment table. */
export const ROOT_POINTER = 8;
/** Offset of the root struct. */
export const ROOT = 16;
/** Offset of the pointer to schemaKey. */
export const KEY_POINTER = 40;
/** Offset of the pointer to the tags. */
export const TAGS_POINTER = 48;
/** Offset of schemaKey, which is also the size of a header without key and tags. */
export const KEY = 56;
/** Offset of the pointer to hash128. */
export const HASH_POINTER = 72;
/** Offset of hash128, which is also the end of a key without it. */
export const HASH = 80;

/** Upper half of a pointer to the root struct: 3 data words, 2 pointers. */
export const ROOT_SIZES = 0x0002_0003;
/** Upper half of a pointer to schemaKey: 2 data words, 1 pointer. */
export const KEY_SIZES = 0x0001_0002;
/** Upper half of the tag word of the tags: 2 pointers. */
export const TAG_SIZES = 0x0002_0000;
/** Upper half of a pointer to hash128: 16 bytes. */
export const HASH_SIZES = 0x82;
/** Element size of a list of bytes. */
export const BYTE_ELEMENTS = 2;
/** Element size of a list of structs. */
export const COMPOSITE_ELEMENTS = 7;
/** Lower half of a pointer to a list that follows it. */
export const LIST_HERE = 1;
/** Lower half of a pointer to a struct one word behind it. */
export const STRUCT_AFTER_NEXT = 4;

/** Rounds up to whole words. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}

/** Lower half of a pointer at `pointer` to a list at `at`. */
export function listPointer(pointer: number, at: number): number {
  return (((at - pointer - WORD) / WORD) << 2) | LIST_HERE;
}
