import { DwcpError } from "../errors.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** Bytes of the preface. spec/dwcp.md B2 */
export const PREFACE_BYTES = 8;
/** `DWCP`, the first four of them. spec/dwcp.md B2 */
export const PREFACE_MAGIC = 0x44574350;
/** The major version that this package speaks. spec/dwcp.md B2 */
export const PROTOCOL_MAJOR = 1;
/** The minor version that this package speaks. spec/dwcp.md B2 */
export const PROTOCOL_MINOR = 0;
/** The protocol's name in ALPN. spec/dwcp.md B2 */
export const ALPN = "dwcp/1";

/** What the first bytes of a connection say. */
export type PrefaceVerdict =
  | { readonly kind: "dwcp" }
  /** Another protocol: what the compatibility mode hands on. */
  | { readonly kind: "foreign" }
  | { readonly kind: "otherVersion"; readonly major: number; readonly minor: number };

/** Writes the 8 bytes that open each direction of a connection. spec/dwcp.md B2 */
export function encodePreface(): Uint8Array {
  return new NetworkWriter().u32(PREFACE_MAGIC).u8(PROTOCOL_MAJOR).u8(PROTOCOL_MINOR).u16(0).view();
}

/**
 * Judges the first bytes of a connection, or returns `undefined` while too few have come to tell.
 *
 * A first byte that cannot begin the magic is told at once, so that a foreign peer who speaks first is not kept waiting.
 *
 * @see spec/dwcp.md B2
 */
export function decodePreface(bytes: Uint8Array): PrefaceVerdict | undefined {
  const magic = [0x44, 0x57, 0x43, 0x50];
  for (const [at, expected] of magic.entries()) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    if (byte !== expected) return { kind: "foreign" };
  }
  if (bytes.length < PREFACE_BYTES) return undefined;
  const reader = new NetworkReader(bytes.subarray(4, PREFACE_BYTES));
  const major = reader.u8();
  const minor = reader.u8();
  const flags = reader.u16();
  if (major !== PROTOCOL_MAJOR || minor !== PROTOCOL_MINOR || flags !== 0) {
    return { kind: "otherVersion", major, minor };
  }
  return { kind: "dwcp" };
}

/**
 * Accepts a preface of this protocol only.
 *
 * @throws {@link DwcpError} `dwcp.version` for another version, `dwcp.protocol` for another protocol.
 */
export function requirePreface(verdict: PrefaceVerdict): void {
  if (verdict.kind === "foreign") throw new DwcpError("dwcp.protocol", "the peer speaks no DWCP");
  if (verdict.kind === "otherVersion") {
    const { major, minor } = verdict;
    throw new DwcpError("dwcp.version", `the peer speaks DWCP ${major}.${minor}`, {
      details: { major, minor },
    });
  }
}
