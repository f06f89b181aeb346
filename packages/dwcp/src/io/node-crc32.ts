import * as zlib from "node:zlib";
import { backend } from "@proj/native-io";
import { type Crc32, crc32 as portableCrc32 } from "../wire/crc32.js";

// An empty buffer that came from another thread has no address, and zlib then begins anew.
const zlibCrc32: Crc32 =
  "crc32" in zlib
    ? (bytes, seed = 0) => (bytes.length === 0 ? seed : zlib.crc32(bytes, seed))
    : portableCrc32;

// Below it, Node's own is done before the call into the addon has arrived.
const NATIVE_LEAST_BYTES = 512;

/** The CRC-32 of the native backend, of the running Node, or the portable one: the fastest that is there. */
export const nodeCrc32: Crc32 = chooseCrc32(backend.crc32);

function chooseCrc32(native: Crc32 | undefined): Crc32 {
  if (native === undefined) return zlibCrc32;
  return (bytes, seed) =>
    bytes.length < NATIVE_LEAST_BYTES ? zlibCrc32(bytes, seed) : native(bytes, seed);
}
