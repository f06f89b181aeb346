import { DwcpError } from "../errors.js";
import { AckKind } from "../wire/ack.js";
import { CreditGrant } from "../transfer/credit.js";
import { ReceivingTransfer } from "../transfer/receiving-transfer.js";
import { runsOf } from "../transfer/ack-book.js";
import { type ArrivedChunk, decodeChunk } from "../wire/chunk.js";
import { type ChunkAt, decodeChunkAt } from "../wire/chunk-at.js";
import type { IntervalPair, NackReason, OfferMessage } from "../wire/transfer-messages.js";
import type { SessionOptions } from "./session-options.js";
import type { StreamTable } from "./stream-table.js";

/** The most units of a session that may wait to be decoded and written: those that stand for zeros take no credit. */
const MAX_PENDING_UNITS = 65_536;
/** The most transfers that a peer may have open at once. */
const MAX_OPEN = 256;
const HANDLE_STEP = 2;

/**
 * Takes units from streams and owes answers for them.
 *
 * @see spec/dwcp.md B4, B6
 */
export class ReceivingSide {
  readonly #options: SessionOptions;
  readonly #streams: StreamTable;
  readonly #byHandle = new Map<number, ReceivingTransfer>();
  readonly #byId = new Map<string, ReceivingTransfer>();
  readonly grant: CreditGrant;
  wireBytes = 0;
  #nextHandle: number;

  constructor(options: SessionOptions, streams: StreamTable) {
    this.#options = options;
    this.#streams = streams;
    this.grant = new CreditGrant(options.tuning.creditBytes);
    this.#nextHandle = options.role === "initiator" ? 1 : 2;
  }

  /** Transfers that are open. */
  get transfers(): Iterable<ReceivingTransfer> {
    return this.#byHandle.values();
  }

  get(handle: number): ReceivingTransfer | undefined {
    return this.#byHandle.get(handle);
  }

  find(transferId: string): ReceivingTransfer | undefined {
    return this.#byId.get(transferId);
  }

  /**
   * Opens an accepted transfer.
   *
   * @throws {@link DwcpError} `dwcp.limit` when the peer has too many open.
   */
  open(offer: OfferMessage, held: readonly IntervalPair[]): ReceivingTransfer {
    if (this.#byHandle.size >= MAX_OPEN) {
      throw new DwcpError("dwcp.limit", `${MAX_OPEN} transfers are open`);
    }
    const transfer = new ReceivingTransfer(offer, this.#nextHandle, held);
    this.#nextHandle += HANDLE_STEP;
    this.#byHandle.set(transfer.handle, transfer);
    this.#byId.set(offer.transferId, transfer);
    return transfer;
  }

  /** Forgets a transfer: units that still come for it are dropped. */
  close(transfer: ReceivingTransfer): void {
    this.#byHandle.delete(transfer.handle);
    this.#byId.delete(transfer.offer.transferId);
  }

  /**
   * Takes a CHUNK; `undefined` when there is nothing to do for it.
   *
   * @throws {@link DwcpError} `dwcp.protocol`, `dwcp.limit`.
   */
  arrived(
    nowUs: number,
    handle: number,
    payload: Uint8Array,
    index: number,
  ): ArrivedChunk | undefined {
    const transfer = this.#byHandle.get(handle);
    if (transfer === undefined) return undefined;
    const chunk = this.#decode(handle, payload, index);
    if (chunk === undefined) return undefined;
    if (!this.#options.identity.capabilities.codecs.includes(chunk.codec)) {
      throw new DwcpError("dwcp.protocol", `codec ${chunk.codec} was not agreed on`);
    }
    this.wireBytes += payload.length;
    if (transfer.arrive(nowUs, chunk, index) === "duplicate") return undefined;
    this.#requireRoom();
    return chunk;
  }

  /**
   * Takes a CHUNK_AT; `undefined` for a transfer that is over.
   *
   * @throws {@link DwcpError} `dwcp.protocol`, `dwcp.limit`.
   */
  announced(handle: number, payload: Uint8Array): ChunkAt | undefined {
    this.requireMemory();
    const unit = decodeChunkAt(payload, this.#options.limits.maxFrameBytes);
    return this.#byHandle.has(handle) ? unit : undefined;
  }

  /** Makes sure that memory was agreed on. @throws DwcpError `dwcp.protocol` */
  requireMemory(): void {
    if (this.#options.identity.capabilities.providers.includes("rdma")) return;
    throw new DwcpError("dwcp.protocol", "rdma was not agreed on");
  }

  // Each unit may be under way twice, once as a repeat that waited for no credit: more than that nobody granted.
  #requireRoom(): void {
    let units = 0;
    let bytes = 0;
    for (const transfer of this.#byHandle.values()) {
      units += transfer.pendingUnits;
      bytes += transfer.pendingBytes;
    }
    const { tuning, limits } = this.#options;
    const most = 2 * tuning.creditBytes + limits.maxFrameBytes;
    if (bytes <= most && units <= MAX_PENDING_UNITS) return;
    throw new DwcpError("dwcp.limit", `${units} units of ${bytes} bytes wait to be decoded`);
  }

  /** A unit is written. */
  stored(nowUs: number, handle: number, unit: StoredUnit): ReceivingTransfer | undefined {
    const transfer = this.#byHandle.get(handle);
    if (transfer === undefined) return undefined;
    this.grant.consume(transfer.store(nowUs, unit.unitId, unit.rawOffset, unit.rawBytes));
    return transfer;
  }

  /** A unit cannot be used. */
  refuse(handle: number, unitId: number, reason: NackReason): void {
    const index = this.#byHandle.get(handle)?.refuse(unitId);
    if (index !== undefined) this.#streams.say({ kind: "NACK", unitId, reason }, handle, index);
  }

  /** Units are on stable storage. */
  durable(handle: number, unitIds: readonly number[]): void {
    const transfer = this.#byHandle.get(handle);
    if (transfer === undefined || unitIds.length === 0) return;
    const units = runsOf(unitIds.toSorted((a, b) => a - b));
    this.#acknowledge(transfer, AckKind.DURABLE, { units, echoUs: 0, holdUs: 0 }, undefined);
  }

  /** A stream is gone, and with it answers that were given on it: they are given again on another. */
  streamGone(nowUs: number, index: number): void {
    for (const transfer of this.#byHandle.values()) transfer.streamGone(nowUs, index);
    // A limit that went down with the stream would never be heard of.
    if (this.#byHandle.size > 0) this.#sayCredit();
  }

  /** When the next ACK has to go. */
  get nextDeadlineUs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const transfer of this.#byHandle.values()) {
      for (const [, book] of transfer.books) due = Math.min(due, book.dueUs);
    }
    return due;
  }

  /** Sends the ACKs that are due. */
  tick(nowUs: number): void {
    for (const transfer of this.#byHandle.values()) {
      // With nothing more at hand there is nothing to wait for.
      const isIdle = transfer.pendingUnits === 0;
      for (const [index, book] of transfer.books) {
        if (book.dueUs > nowUs && !isIdle) continue;
        const content = book.take(nowUs);
        if (content !== undefined) this.#acknowledge(transfer, AckKind.RECEIVED, content, index);
        if (this.#streams.get(index) === undefined) transfer.closeBook(index);
      }
    }
    if (this.grant.isDue) this.#sayCredit();
  }

  #decode(handle: number, payload: Uint8Array, index: number): ArrivedChunk | undefined {
    const { identity, limits, crc32 } = this.#options;
    const maxRaw = Math.min(limits.maxUnitRawBytes, identity.capabilities.maxUnitRawBytes);
    try {
      return decodeChunk(payload, maxRaw, crc32);
    } catch (error) {
      if (!(error instanceof DwcpError && error.code === "dwcp.unit_crc")) throw error;
      // The header's own CRC was right, so the stream is in step; what the unit calls itself may be wrong.
      const unitId = unitIdOf(payload);
      if (unitId !== undefined) {
        this.#streams.say({ kind: "NACK", unitId, reason: "CRC" }, handle, index);
      }
      return undefined;
    }
  }

  #acknowledge(
    transfer: ReceivingTransfer,
    kind: 1 | 2,
    content: { units: readonly { first: number; count: number }[]; echoUs: number; holdUs: number },
    index: number | undefined,
  ): void {
    const ack = {
      kind,
      ...content,
      rawTotal: transfer.rawTotal,
      encodedTotal: transfer.encodedTotal,
      creditLimit: this.grant.announce(),
    };
    this.#streams.acknowledge(ack, transfer.handle, index);
  }

  #sayCredit(): void {
    this.#streams.say({ kind: "CREDIT", limit: this.grant.announce() }, 0);
  }
}

/** Which unit was stored. */
export interface StoredUnit {
  readonly unitId: number;
  readonly rawOffset: number;
  readonly rawBytes: number;
}

function unitIdOf(payload: Uint8Array): number | undefined {
  if (payload.length < 8) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, 8);
  const unitId = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  return Number.isSafeInteger(unitId) ? unitId : undefined;
}
