import type { AnchoredBytes, AnchorList, Anchors, Gear } from "./anchors.js";

/** What native/anchors.cc exports. */
export interface AnchorsAddon {
  scan(
    bytes: Uint8Array,
    gear: Int32Array,
    mask: number,
    positions: Int32Array,
    hashes: Int32Array,
  ): number;
  index(
    bytes: Uint8Array,
    offset: number,
    least: number,
    gear: Int32Array,
    mask: number,
    slots: Uint32Array,
  ): void;
  similar(
    positions: Int32Array,
    hashes: Int32Array,
    count: number,
    slots: Uint32Array,
    pageBytes: number,
    wanted: Uint8Array,
    except: number,
    found: Int32Array,
  ): void;
  match(
    raw: Uint8Array,
    expected: number,
    positions: Int32Array,
    hashes: Int32Array,
    count: number,
    first: Uint8Array,
    firstSlots: Uint32Array,
    second: Uint8Array,
    secondSlots: Uint32Array,
    steps: Float64Array,
  ): number;
}

const NOTHING: AnchoredBytes = { bytes: new Uint8Array(0), slots: new Uint32Array(0) };

/** The loops in C++. */
export class NativeAnchors implements Anchors {
  readonly #addon: AnchorsAddon;

  /** `addon` is the object that native/anchors.cc fills. */
  constructor(addon: AnchorsAddon) {
    this.#addon = addon;
  }

  scan(bytes: Uint8Array, { table, mask }: Gear, { positions, hashes }: AnchorList): number {
    return this.#addon.scan(bytes, table, mask, positions, hashes);
  }

  index(
    bytes: Uint8Array,
    offset: number,
    least: number,
    { table, mask }: Gear,
    slots: Uint32Array,
  ): void {
    this.#addon.index(bytes, offset, least, table, mask, slots);
  }

  similar(
    { positions, hashes }: AnchorList,
    count: number,
    slots: Uint32Array,
    pageBytes: number,
    wanted: Uint8Array,
    except: number,
    found: Int32Array,
  ): void {
    this.#addon.similar(positions, hashes, count, slots, pageBytes, wanted, except, found);
  }

  match(
    raw: Uint8Array,
    expected: number,
    { positions, hashes }: AnchorList,
    count: number,
    [first, second = NOTHING]: readonly [AnchoredBytes, (AnchoredBytes | undefined)?],
    steps: Float64Array,
  ): number {
    const { bytes, slots } = first;
    return this.#addon.match(
      raw,
      expected,
      positions,
      hashes,
      count,
      bytes,
      slots,
      second.bytes,
      second.slots,
      steps,
    );
  }
}
