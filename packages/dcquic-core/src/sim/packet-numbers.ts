import { formatHex } from "@proj/wire-types";
import { CREDENTIAL_ID_BYTES, HEADER_BYTES, PacketType } from "../wire/constants.js";

// spec/dcquic.md §17.2
const TYPE_AT = 1;
const FLAGS_AT = 2;
const WORKER_AT = 3;
const CREDENTIAL_AT = 8;
const NUMBER_AT = 24;
const WORD = 2 ** 32;

/**
 * Watches that no sender uses a packet number twice: a nonce is made of it, so that they must only grow, over rotations of keys,
 * other ports and all that is sent again.
 *
 * @see spec/dcquic.md §7.3
 */
export class PacketNumbers {
  readonly #last = new Map<string, number>();

  /** Takes a datagram as a host sends it, and says what is wrong with it. */
  sent(host: number, datagram: Uint8Array): string | undefined {
    const type = datagram[TYPE_AT];
    if (type !== PacketType.Control && type !== PacketType.Data) return undefined;
    if (datagram.length < HEADER_BYTES) return `host ${host} sent half a packet`;
    const view = new DataView(datagram.buffer, datagram.byteOffset, HEADER_BYTES);
    const number = view.getUint32(NUMBER_AT, true) + WORD * view.getUint32(NUMBER_AT + 4, true);
    const credential = datagram.subarray(CREDENTIAL_AT, CREDENTIAL_AT + CREDENTIAL_ID_BYTES);
    const direction = (datagram[FLAGS_AT] ?? 0) & 1;
    const sender = `${formatHex(credential)} ${direction} ${datagram[WORKER_AT]}`;
    const before = this.#last.get(sender) ?? -1;
    if (number <= before) return `host ${host} sent packet ${number} after ${before}`;
    this.#last.set(sender, number);
    return undefined;
  }
}
