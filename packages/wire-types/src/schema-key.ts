/**
 * Names a schema in a message header. spec/xcp.md §4, §18
 *
 * All zero is the same as no key: no claim, no check.
 */
export interface SchemaKey {
  /** fnv1a32 of the namespace; 0 = unspecified. */
  readonly nsHash: number;
  /** fnv1a32 of the kind. */
  readonly kindId: number;
  /** Major version, 0..65535. */
  readonly major: number;
  /** Minor version, 0..65535. */
  readonly minor: number;
  /** The first 16 bytes of the schema's SHA-256; absent = not checked. */
  readonly hash128?: Uint8Array;
}
