import type { SchemaKey } from "@proj/wire-types";
import type { Ether } from "./ether.js";
import type { EtherLimits } from "./limits.js";
import type { SchemaRegistry } from "./schema/schema-registry.js";

/** One tag of a message header. spec/xcp.md §4 */
export interface Tag {
  /** Name; of duplicates the last counts. */
  readonly key: string;
  /** Text. */
  readonly val: string;
}

/** What the message around a body says, and what its owner allows. */
export interface CodecContext {
  /** The header's schema key: what the body claims to be, or what to claim. */
  readonly schemaKey?: SchemaKey;
  /** The header's tags. */
  readonly tags?: readonly Tag[];
  /** Known schemas. */
  readonly schemas?: SchemaRegistry;
  /** Resolved limits; default {@link EtherLimits}' defaults. */
  readonly limits?: EtherLimits;
  /** Writes map entries sorted by UTF-8 bytes instead of in insertion order. §14.2 */
  readonly deterministic?: boolean;
  /** Whether both sides set feature bit 2. §14.5 */
  readonly tensorExtension?: boolean;
  /** Told how many unknown members or fields a body had, when there were any. §13 */
  readonly countUnknown?: (count: number) => void;
  /** Allows inline bytes in JSON and keeps `debug.*` metadata. §14.1, §22 */
  readonly debug?: boolean;
}

/** A body with the header fields that describe it: maps one to one on an XCP message. */
export interface EncodedBody {
  /** The header's bodyCodec. */
  readonly bodyCodec: number;
  /** The bytes; owned by the caller. */
  readonly body: Uint8Array;
  /** The header's schema key, when the kind is registered or the caller gave one. */
  readonly schemaKey?: SchemaKey;
  /** Tags the body needs beside it. */
  readonly tags: readonly Tag[];
}

/** Turns Ethers into bodies and back. spec/xcp.md §2, §14 */
export interface EtherCodec {
  /** The bodyCodec number. */
  readonly id: number;
  /** The codec's registered name. */
  readonly name: string;
  /** IANA media type of a body. */
  readonly mediaType: string;
  /** Whether one body can hold several Ethers. */
  readonly batches: boolean;
  /**
   * Encodes `ethers`, exactly one unless the codec batches.
   *
   * @throws EtherError `ether.ether_invalid` for what this codec cannot carry.
   */
  encode(ethers: readonly Ether[], context: CodecContext): EncodedBody;
  /**
   * Decodes a body; total: gives Ethers or throws {@link EtherError}. Vectors and bytes may be views of `body`.
   *
   * The claim of `context.schemaKey` is checked by `decodeBody`, not here.
   */
  decode(body: Uint8Array, context: CodecContext): readonly Ether[];
}
