import type { RmaEndpoint, RmaRegion, RmaRights } from "@proj/native-io";

/** Registered memory in slots of one size. */
export class MemorySlots {
  /** The memory. */
  readonly bytes: Uint8Array;
  /** Its registration. */
  readonly region: RmaRegion;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  readonly #free: number[];
  readonly #lent = new Set<number>();

  /** @throws NativeIoError where the provider registers no more memory. */
  constructor(endpoint: RmaEndpoint, count: number, slotBytes: number, rights: RmaRights) {
    this.slotBytes = slotBytes;
    this.bytes = new Uint8Array(new SharedArrayBuffer(count * slotBytes));
    this.region = endpoint.register(this.bytes, rights);
    this.#free = Array.from({ length: count }, (_, i) => (count - 1 - i) * slotBytes);
  }

  /** How many are lent. */
  get lent(): number {
    return this.#lent.size;
  }

  /** Lends a slot: where it begins. `undefined` when all are lent. */
  take(): number | undefined {
    const offset = this.#free.pop();
    if (offset !== undefined) this.#lent.add(offset);
    return offset;
  }

  /** Takes a slot back; harmless the second time. */
  give(offset: number): void {
    if (this.#lent.delete(offset)) this.#free.push(offset);
  }
}
