import { DwcpError } from "../errors.js";
import { NetworkReader } from "./network-reader.js";
import { NetworkWriter } from "./network-writer.js";

/** What an ACK tells about its units. spec/dwcp.md B6 */
export const AckKind = {
  /** Decoded, checked, written. */
  RECEIVED: 1,
  /** On stable storage, with its record in the journal. */
  DURABLE: 2,
} as const;

/** The number of an {@link AckKind}. */
export type AckKindNumber = (typeof AckKind)[keyof typeof AckKind];

/** The most runs that one ACK holds. spec/dwcp.md B6 */
export const MAX_ACK_RUNS = 4_096;

/** A run of consecutive unit ids. */
export interface UnitRun {
  /** The first id. */
  readonly first: number;
  /** How many follow each other, at least 1. */
  readonly count: number;
}

/** The payload of an ACK frame. spec/dwcp.md B6 */
export interface Ack {
  /** How far the units have come. */
  readonly kind: AckKindNumber;
  /** Which units. */
  readonly units: readonly UnitRun[];
  /** Send time of the newest unit, in µs of the sender's clock. */
  readonly echoUs: number;
  /** How long this side held that unit before it answered, in µs. */
  readonly holdUs: number;
  /** Raw bytes delivered in this transfer so far. */
  readonly rawTotal: number;
  /** Encoded bytes delivered in this transfer so far. */
  readonly encodedTotal: number;
  /** How many encoded bytes the peer may have sent in this session in all. */
  readonly creditLimit: number;
}

/** Writes the payload of an ACK frame. spec/dwcp.md B6 */
export function encodeAck(ack: Ack): Uint8Array<ArrayBuffer> {
  if (ack.units.length > MAX_ACK_RUNS) {
    throw new RangeError(`an ACK holds ${MAX_ACK_RUNS} runs, not ${ack.units.length}`);
  }
  const writer = new NetworkWriter().u8(ack.kind).u16(ack.units.length);
  for (const { first, count } of ack.units) writer.u64(first).u32(count);
  return writer
    .u64(ack.echoUs)
    .u64(ack.holdUs)
    .u64(ack.rawTotal)
    .u64(ack.encodedTotal)
    .u64(ack.creditLimit)
    .view();
}

/**
 * Reads the payload of an ACK frame.
 *
 * @throws {@link DwcpError} `dwcp.protocol` for anything that is none.
 * @see spec/dwcp.md B6
 */
export function decodeAck(payload: Uint8Array): Ack {
  const reader = new NetworkReader(payload);
  const kind = reader.u8();
  if (kind !== AckKind.RECEIVED && kind !== AckKind.DURABLE) {
    throw new DwcpError("dwcp.protocol", `an ACK of kind ${kind}`);
  }
  const runs = reader.u16();
  if (runs > MAX_ACK_RUNS) throw new DwcpError("dwcp.protocol", `an ACK of ${runs} runs`);
  const units: UnitRun[] = [];
  for (let run = 0; run < runs; run++) units.push(readRun(reader));
  const ack: Ack = {
    kind,
    units,
    echoUs: reader.u64(),
    holdUs: reader.u64(),
    rawTotal: reader.u64(),
    encodedTotal: reader.u64(),
    creditLimit: reader.u64(),
  };
  if (reader.remaining > 0) {
    throw new DwcpError("dwcp.protocol", `${reader.remaining} bytes behind an ACK`);
  }
  return ack;
}

function readRun(reader: NetworkReader): UnitRun {
  const first = reader.u64();
  const count = reader.u32();
  if (count === 0 || !Number.isSafeInteger(first + count)) {
    throw new DwcpError("dwcp.protocol", `a run of ${count} units from ${first}`);
  }
  return { first, count };
}
