import { randomBytes } from "node:crypto";
import type { RmaProvider } from "./rma.js";
import type { RmaTransfer } from "./rma-endpoint.js";

/** Throws a RangeError unless the bytes lie inside the local region and fit one transfer. */
export function checkTransfer(
  { offset, length, local }: RmaTransfer,
  { maxTransferBytes }: RmaProvider,
): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!whole || offset < 0 || length < 1 || length > local.size - offset) {
    throw new RangeError(`${length} bytes at ${offset} are not inside ${local.size} bytes`);
  }
  if (length > maxTransferBytes) {
    throw new RangeError(`${length} bytes, limit ${maxTransferBytes}`);
  }
}

/** Draws a key of `bytes` bytes, so that a wrong one is not guessed by accident. */
export function randomKey(bytes: number): bigint {
  return BigInt(`0x${randomBytes(bytes).toString("hex")}`);
}
