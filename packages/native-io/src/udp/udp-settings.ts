import { parseUdpAddress, type UdpEndpoint } from "./udp-address.js";
import type { UdpOptions } from "./udp.js";

/** {@link UdpOptions} with nothing left open, checked. */
export interface UdpSettings {
  readonly ports: readonly UdpEndpoint[];
  readonly receiveSlots: number;
  readonly slotBytes: number;
  readonly transmitMessages: number;
  readonly transmitBytes: number;
  readonly addresses: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly segmentation: boolean;
  readonly ecn: boolean;
  readonly probePathMtu: boolean;
  readonly busyPollUs: number;
  readonly sharePorts: boolean;
}

/** Errors that one `readErrors` can bring. */
export const UDP_ERROR_ROWS = 64;

const MIB = 2 ** 20;
const MAX_PORTS = 256;
const MAX_MESSAGES = 4096;
const MAX_SLAB_BYTES = 2 ** 30;

/** Fills in the defaults and refuses what cannot be. */
export function settleUdpOptions(options: UdpOptions): UdpSettings {
  const { ports, receiveSlots = 64, slotBytes = 65_536 } = options;
  const { transmitMessages = 64, transmitBytes = 4 * MIB, addresses = 65_536 } = options;
  const { receiveBufferBytes = 4 * MIB, sendBufferBytes = 4 * MIB, busyPollUs = 0 } = options;
  range("number of ports", ports.length, 1, MAX_PORTS);
  range("receiveSlots", receiveSlots, 1, MAX_MESSAGES);
  range("slotBytes", slotBytes, 1, 65_536);
  range("transmitMessages", transmitMessages, 1, MAX_MESSAGES);
  range("transmitBytes", transmitBytes, 1, MAX_SLAB_BYTES);
  range("addresses", addresses, 4 * receiveSlots, 2 ** 20);
  range("receiveBufferBytes", receiveBufferBytes, 0, 2 ** 31 - 1);
  range("sendBufferBytes", sendBufferBytes, 0, 2 ** 31 - 1);
  range("busyPollUs", busyPollUs, 0, 1_000_000);
  return {
    ports: ports.map(parseUdpAddress),
    receiveSlots,
    slotBytes,
    transmitMessages,
    transmitBytes,
    addresses,
    receiveBufferBytes,
    sendBufferBytes,
    segmentation: options.segmentation !== "off",
    ecn: options.ecn !== "off",
    probePathMtu: options.pathMtu !== "fragment",
    busyPollUs,
    sharePorts: options.sharePorts === true,
  };
}

function range(name: string, value: number, low: number, high: number): void {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return;
  throw new RangeError(`${name} is ${value}, not an integer in ${low}–${high}`);
}
