import type { CryptoProvider } from "./platform.js";
/** 1 = initiator to responder, 2 = responder to initiator. spec/xcp.md §12 */
export type Direction = 1 | 2;
export interface EpochKeys {
  readonly aeadKey: Uint8Array;
  readonly nonceKey: Uint8Array;
}
export interface SaltInputs {
  readonly initiatorNonce: Uint8Array;
  readonly responderNonce: Uint8Array;
  /** The HELLO that CAPS answered. */
  readonly helloPayload: Uint8Array;
  readonly capsPayload: Uint8Array;
}
export function deriveSalt(crypto: CryptoProvider, inputs: SaltInputs): Uint8Array {
  void [crypto, inputs];
  throw new Error("to be filled");
}
export function deriveKeys(
  crypto: CryptoProvider,
  key: Uint8Array,
  salt: Uint8Array,
  direction: Direction,
  epoch: number,
): EpochKeys {
  void [crypto, key, salt, direction, epoch];
  throw new Error("to be filled");
}
export const EXPORTER_LABEL = "EXPORTER-xcp-v0.2";
