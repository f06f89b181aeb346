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

/** The most transfers that one endpoint may have under way. */
const MAX_TRANSFERS = 65_536;
const MAX_PORT = 65_535;

/** Throws a RangeError unless an endpoint can have so many transfers under way. */
export function checkMaxTransfers(count: number): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= MAX_TRANSFERS) return;
  throw new RangeError(`maxTransfers is ${count}, not an integer in 1–${MAX_TRANSFERS}`);
}

/** @throws RangeError for what is no port. */
export function checkPort(port: number | undefined): void {
  if (port === undefined || (Number.isSafeInteger(port) && port >= 1 && port <= MAX_PORT)) return;
  throw new RangeError(`port is ${port}, not an integer in 1–${MAX_PORT}`);
}

/** Draws a key of `bytes` bytes, so that a wrong one is not guessed by accident. */
export function randomKey(bytes: number): bigint {
  return BigInt(`0x${randomBytes(bytes).toString("hex")}`);
}
