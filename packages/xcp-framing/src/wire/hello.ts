import type { MsgId } from "./header.js";
/** A range of minors of one major of a kind. */
export interface KindRange {
  readonly kindId: number;
  readonly major: number;
  readonly minMinor: number;
  readonly maxMinor: number;
}
export interface Converter {
  readonly fromKind: number;
  readonly fromMajor: number;
  readonly toKind: number;
  readonly toMajor: number;
  readonly cost: number;
}
export interface ShmProbe {
  readonly uri: string;
  readonly sha256: Uint8Array;
}
/** HELLO, CAPS and NEGOTIATE. `undefined` = not on the wire; defaults of §6 are for the session to apply. */
export interface Hello {
  readonly codecs: readonly number[];
  readonly maxFrameBytes?: number | undefined;
  readonly accepts: readonly KindRange[];
  readonly emits: readonly KindRange[];
  readonly sharedMem: boolean;
  readonly verMajor?: number | undefined;
  readonly verMinor?: number | undefined;
  readonly agent?: string | undefined;
  /** Low 32 bits; `undefined` = the peer knows base features only. */
  readonly features: number | undefined;
  readonly maxMessageBytes?: number | undefined;
  readonly maxInflight?: number | undefined;
  readonly dedupWindow?: number | undefined;
  readonly converters?: readonly Converter[] | undefined;
  readonly codecPolicy?: number | undefined;
  readonly sessionNonce?: Uint8Array | undefined;
  readonly sessionId?: Uint8Array | undefined;
  readonly shmProbe?: ShmProbe | undefined;
  readonly shmProof?: Uint8Array | undefined;
  readonly auth?: Uint8Array | undefined;
  readonly maxTokens?: number | undefined;
  readonly maxVectorDims?: number | undefined;
}
export type ControlCodec = 1 | 8;
export function encodeHello(hello: Hello, codec: ControlCodec): Uint8Array {
  void [hello, codec];
  throw new Error("to be filled");
}
/** @throws XcpError `xcp.hello_invalid` */
export function decodeHello(bytes: Uint8Array, codec: ControlCodec): Hello {
  void [bytes, codec];
  throw new Error("to be filled");
}
export type { MsgId };
