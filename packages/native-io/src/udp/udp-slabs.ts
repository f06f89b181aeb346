import { UDP_QUOTED_BYTES, UDP_ROW } from "./layout.js";
import { UDP_ERROR_ROWS, type UdpSettings } from "./udp-settings.js";
import type { UdpSlab } from "./udp.js";

/** The memory of one socket. */
export interface UdpSlabs {
  readonly rx: UdpSlab;
  readonly tx: UdpSlab;
  readonly errors: UdpSlab;
}

/** Allocates the slabs once: nothing is allocated for a batch. */
export function makeUdpSlabs(settings: UdpSettings): UdpSlabs {
  const { receiveSlots, slotBytes, transmitMessages, transmitBytes } = settings;
  return {
    rx: makeSlab(receiveSlots * slotBytes, receiveSlots),
    tx: makeSlab(transmitBytes, transmitMessages),
    errors: makeSlab(UDP_ERROR_ROWS * UDP_QUOTED_BYTES, UDP_ERROR_ROWS),
  };
}

function makeSlab(bytes: number, rows: number): UdpSlab {
  return {
    bytes: new Uint8Array(new SharedArrayBuffer(bytes)),
    meta: new Int32Array(new SharedArrayBuffer(rows * UDP_ROW * Int32Array.BYTES_PER_ELEMENT)),
  };
}
