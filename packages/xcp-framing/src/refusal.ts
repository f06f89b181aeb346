import { isWireError, type WireError } from "@proj/wire-types";
import { XcpCodes, XcpError, xcpCodeOf } from "./errors.js";

const MAX_DETAIL_BYTES = 256;
const PRIVATE_FROM = 0x8000;
const RETRY_BUSY_MS = 50;

/** What a NACK or ERROR says about a failure. */
export interface Refusal {
  /** The number for a peer that knows §9. */
  readonly wire: number;
  /** The number for every other peer. */
  readonly base: number;
  /** Whether the sender may try again. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly detail: string;
}

/** Describes `error` to a peer: its number and its base code, and a hint when to come back. spec/xcp.md §9 */
export function refusalOf(error: WireError): Refusal {
  const code = xcpCodeOf(error.wire);
  const base = code === undefined ? baseOfUnknown(error.wire) : XcpCodes[code].base;
  return {
    wire: error.wire,
    base,
    retryable: error.retryable,
    retryAfterMs: retryAfter(error),
    detail: shorten(error.message),
  };
}

/**
 * Turns whatever a handler threw into a refusal: an error with a number on the wire speaks for itself, of anything else
 * the peer learns nothing but ERR_APP.
 */
export function refusalFrom(thrown: unknown): WireError {
  if (isWireError(thrown) && thrown.wire !== 0) return thrown;
  return new XcpError("xcp.app", "the handler failed", { cause: thrown });
}

/** The error that a NACK or ERROR of the peer stands for. An unknown number is not retryable. spec/xcp.md §9 */
export function errorOfRefusal(
  wire: number,
  detail: string | undefined,
  retryAfterMs: number | undefined,
): XcpError {
  const code = xcpCodeOf(wire);
  const number = `0x${wire.toString(16).padStart(4, "0")}`;
  const text = detail === undefined || detail === "" ? "" : `: ${shorten(detail)}`;
  return new XcpError(code ?? "xcp.app", `the peer answered ${number}${text}`, {
    details: { error_code: wire, retry_after_ms: retryAfterMs },
  });
}

function baseOfUnknown(wire: number): number {
  return wire >= PRIVATE_FROM ? 0x0002 : 0x0004;
}

function retryAfter(error: WireError): number | undefined {
  const stated = error.details["retry_after_ms"];
  if (typeof stated === "number") return stated;
  return error.code === "xcp.busy" ? RETRY_BUSY_MS : undefined;
}

// At most 256 bytes of UTF-8, cut between characters.
function shorten(text: string): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > MAX_DETAIL_BYTES) break;
    end += character.length;
  }
  return text.slice(0, end);
}
