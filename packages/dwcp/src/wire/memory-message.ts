import { DwcpError } from "../errors.js";
import { type Field, flag, hex, object, text, u53 } from "./json-fields.js";

/** The longest address of an endpoint, in bytes; libfabric's are tens. */
const MAX_ENDPOINT_BYTES = 512;

/** MEMORY: what this side has opened for its peer to read, and whether it can read the peer's. spec/dwcp.md B14 */
export interface MemoryMessage {
  /** Tells the messages apart. */
  readonly kind: "MEMORY";
  /** The provider of libfabric; both sides need the same. */
  readonly provider: string;
  /** The endpoint, in hexadecimal. */
  readonly address: string;
  /** What opens the memory: 8 bytes in hexadecimal. */
  readonly key: string;
  /** What offsets are added to: 8 bytes in hexadecimal. */
  readonly base: string;
  /** Bytes that are open. */
  readonly bytes: number;
  /** Whether this side can read the peer's memory: units may come that way. */
  readonly reaches: boolean;
}

const address: Field<string> = (value, path) => {
  const read = text(2 * MAX_ENDPOINT_BYTES)(value, path);
  if (/^(?:[0-9a-f]{2})+$/.test(read)) return read;
  throw new DwcpError("dwcp.protocol", `${path}: expected bytes in hexadecimal`);
};

/** Reads MEMORY. */
export const readMemory: Field<Omit<MemoryMessage, "kind">> = object({
  provider: text(64),
  address,
  key: hex(8),
  base: hex(8),
  bytes: u53,
  reaches: flag,
});
