import type { RmaEndpoint, RmaRegion } from "@proj/native-io";

/** Registered memory that reads arrive in, in slots of one size. */
export class ReadSlots {
  /** The memory. */
  readonly bytes: Uint8Array;
  /** Its registration, for local use. */
  readonly region: RmaRegion;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  readonly #free: number[];

  /** @throws NativeIoError where the provider registers no more memory. */
  constructor(endpoint: RmaEndpoint, slots: number, slotBytes: number) {
    this.slotBytes = slotBytes;
    this.bytes = new Uint8Array(new SharedArrayBuffer(slots * slotBytes));
    this.region = endpoint.register(this.bytes, { remoteRead: false, remoteWrite: false });
    this.#free = Array.from({ length: slots }, (_, i) => (slots - 1 - i) * slotBytes);
  }

  /** Lends a slot: where it begins. `undefined` when all are lent. */
  take(): number | undefined {
    return this.#free.pop();
  }

  /** Takes a slot back. */
  give(offset: number): void {
    this.#free.push(offset);
  }
}
