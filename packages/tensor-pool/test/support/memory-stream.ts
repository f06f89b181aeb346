import { MappedPool, MappedStream, ringBytes } from "@proj/tensor-pool";
import type { SharedRegion } from "@proj/wire-types";

/** A region of plain memory. */
export function plainRegion(name: string, bytes: Uint8Array): SharedRegion {
  let held = bytes;
  return {
    name,
    size: bytes.length,
    readOnly: false,
    get bytes() {
      return held;
    },
    unmap() {
      held = new Uint8Array(0);
    },
  };
}

/** The memory of a stream's epoch, which any number of mappings share. */
export class StreamMemory {
  readonly ring: Uint8Array;
  readonly pools: ReadonlyMap<number, Uint8Array>;
  readonly nslots: number;
  readonly epoch: bigint;
  readonly #strides: ReadonlyMap<number, number>;

  constructor(nslots: number, strides: Readonly<Record<number, number>>, epoch = 7n) {
    this.nslots = nslots;
    this.epoch = epoch;
    this.ring = new Uint8Array(ringBytes(nslots));
    const entries = Object.entries(strides).map(([id, stride]) => [Number(id), stride] as const);
    this.#strides = new Map(entries);
    this.pools = new Map(entries.map(([id, stride]) => [id, new Uint8Array(nslots * stride)]));
  }

  map(streamId = 10_000): MappedStream {
    const pools = [...this.pools].map(
      ([id, bytes]) =>
        new MappedPool(
          id,
          this.#strides.get(id) ?? 0,
          [plainRegion(`pool ${id}`, bytes)],
          this.nslots,
        ),
    );
    const ring = plainRegion("ring", this.ring);
    const { epoch, nslots } = this;
    return new MappedStream({ streamId, epoch, nslots, ring, pools, superblocks: [] });
  }
}

/** Keeps descriptors until a consumer takes them. */
export class DescriptorQueue {
  readonly sent: Uint8Array[] = [];
  refuse = 0;

  offer(bytes: Uint8Array): number {
    if (this.refuse > 0) {
      this.refuse--;
      return -2;
    }
    this.sent.push(bytes.slice());
    return this.sent.length;
  }

  take(): DataView[] {
    return this.sent
      .splice(0)
      .map(({ buffer, byteOffset, length }) => new DataView(buffer, byteOffset, length));
  }
}
