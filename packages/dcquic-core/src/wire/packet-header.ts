import {
  ANY_WORKER,
  CREDENTIAL_ID_BYTES,
  HEADER_BYTES,
  MAGIC,
  PacketType,
  TAG_BYTES,
  WireLimit,
} from "./constants.js";

const WORD = 2 ** 32;
const DIRECTION_BIT = 0x01;
const PROTECTION_SHIFT = 1;
const PROTECTION_MASK = 3;
const ACK_ELICITING_BIT = 0x08;
const RESERVED_FLAGS = 0xf0;
const MAX_PROTECTION = 2;

/**
 * The fields of a CONTROL or DATA packet's header. Mutable: one object serves a whole batch.
 *
 * @see spec/dcquic.md §17.2
 */
export interface PacketHeader {
  /** {@link PacketType} Control or Data. */
  type: number;
  /** 0 from the dialer, 1 from the listener. Informative: keys are chosen by role. */
  direction: number;
  /** {@link Protection} of a DATA packet. */
  protection: number;
  /** Whether the receiver owes FEEDBACK. */
  ackEliciting: boolean;
  /** The worker that sends. */
  worker: number;
  /** The key it was sealed under. */
  keyId: number;
  /** Number of the packet among those of its worker. */
  packetNumber: number;
  /** Bytes between header and tag. */
  payloadLength: number;
  /** The worker it is meant for. */
  destination: number;
  /** The sender's clock in wrapping microseconds. */
  clockUs: number;
}

/** Makes a header to be filled. */
export function packetHeader(): PacketHeader {
  return {
    type: PacketType.Control,
    direction: 0,
    protection: 0,
    ackEliciting: false,
    worker: 0,
    keyId: 0,
    packetNumber: 0,
    payloadLength: 0,
    destination: ANY_WORKER,
    clockUs: 0,
  };
}

/** What a datagram is, before anything of it is believed. */
export type HeaderVerdict =
  /** A CONTROL or DATA packet whose header was read. */
  | "packet"
  /** Secret-control: see {@link decodeSecretControl}. */
  | "secretControl"
  /** None of ours, or broken: drop and count, never answer. */
  | "drop";

/** Writes a header at `offset`; `credentialId` has 16 bytes. */
export function encodeHeader(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  header: PacketHeader,
  credentialId: Uint8Array,
): void {
  view.setUint8(offset, MAGIC);
  view.setUint8(offset + 1, header.type);
  const flags =
    header.direction |
    (header.protection << PROTECTION_SHIFT) |
    (header.ackEliciting ? ACK_ELICITING_BIT : 0);
  view.setUint8(offset + 2, flags);
  view.setUint8(offset + 3, header.worker);
  view.setUint32(offset + 4, header.keyId, true);
  for (let i = 0; i < CREDENTIAL_ID_BYTES; i++) bytes[offset + 8 + i] = credentialId[i] ?? 0;
  view.setUint32(offset + 24, header.packetNumber % WORD, true);
  view.setUint32(offset + 28, Math.floor(header.packetNumber / WORD), true);
  view.setUint16(offset + 32, header.payloadLength, true);
  view.setUint8(offset + 34, header.destination);
  view.setUint8(offset + 35, 0);
  view.setUint32(offset + 36, header.clockUs, true);
}

/**
 * Reads the header of the datagram at `offset`. A packet number of 2^53 or more, which no honest peer reaches, is
 * dropped like any other broken field. The credential id stays where it is, at `offset + 8`.
 */
export function decodeHeader(
  view: DataView,
  offset: number,
  length: number,
  into: PacketHeader,
): HeaderVerdict {
  if (length < 2 || view.getUint8(offset) !== MAGIC) return "drop";
  const type = view.getUint8(offset + 1);
  if (type !== PacketType.Control && type !== PacketType.Data) {
    return type >= PacketType.UnknownPathSecret && type <= PacketType.RetireDataKey
      ? "secretControl"
      : "drop";
  }
  if (length < HEADER_BYTES + TAG_BYTES) return "drop";
  const flags = view.getUint8(offset + 2);
  const protection = (flags >> PROTECTION_SHIFT) & PROTECTION_MASK;
  if ((flags & RESERVED_FLAGS) !== 0 || protection > MAX_PROTECTION) return "drop";
  if (type === PacketType.Control && protection !== 0) return "drop";
  const payloadLength = view.getUint16(offset + 32, true);
  const numberHigh = view.getUint32(offset + 28, true);
  if (payloadLength > length - HEADER_BYTES - TAG_BYTES) return "drop";
  if (view.getUint8(offset + 35) !== 0 || numberHigh >= 2 ** 21) return "drop";
  if (view.getUint8(offset + 3) >= WireLimit.maxWorkers) return "drop";
  into.type = type;
  into.direction = flags & DIRECTION_BIT;
  into.protection = protection;
  into.ackEliciting = (flags & ACK_ELICITING_BIT) !== 0;
  into.worker = view.getUint8(offset + 3);
  into.keyId = view.getUint32(offset + 4, true);
  into.packetNumber = view.getUint32(offset + 24, true) + WORD * numberHigh;
  into.payloadLength = payloadLength;
  into.destination = view.getUint8(offset + 34);
  into.clockUs = view.getUint32(offset + 36, true);
  return "packet";
}
