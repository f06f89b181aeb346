import { expect, test } from "@jest/globals";
import { MAX_MAPPING_BYTES, type SharedMemory, unitsPerSegment } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { hugepagesCapability, hugetlbfsMounts } from "#src/shm/hugepages.js";
import { native } from "../native-peer.js";
import { scratch } from "./scratch.js";

describeWith("a pool above 4 GiB", native, ({ shm }) => {
  const slotBytes = 8 * 2 ** 20 + 64;
  const slots = 700;

  test("is mapped in segments: every slot lies in one, atomics work in the last", () => {
    const place = scratch();
    const folders = shm.allow([place.folder]);
    // Sparse: only what is touched takes memory.
    const file = folders.create(place.path("pool"), {
      sizeBytes: slots * slotBytes,
      reserve: false,
    });
    expect(() => file.map()).toThrow(RangeError);
    const writer = file.mapSegments(slotBytes);
    const reader = file.mapSegments(slotBytes, { readOnly: true });
    expect(writer.length).toBe(2);
    expect(writer.every(({ size }) => size <= MAX_MAPPING_BYTES)).toBe(true);
    const perSegment = unitsPerSegment(slotBytes);
    for (const slot of [0, perSegment - 1, perSegment, slots - 1]) {
      const at = (slot % perSegment) * slotBytes + slotBytes - 64;
      const [mine, theirs] = [writer, reader].map((segments) => {
        const bytes = segments[Math.floor(slot / perSegment)]?.bytes ?? new Uint8Array();
        return new BigInt64Array(bytes.buffer, at, 8);
      }) as [BigInt64Array, BigInt64Array];
      Atomics.add(mine, 7, BigInt(slot) + 1n);
      expect(theirs[7]).toBe(BigInt(slot) + 1n);
    }
    // The slot that ends the first segment is followed, in the file, by the one that begins the second.
    const seam = file.map({ offset: perSegment * slotBytes - 64, length: 128 });
    expect(new BigInt64Array(seam.bytes.buffer)[7]).toBe(BigInt(perSegment));
    for (const region of [...writer, ...reader, seam]) region.unmap();
    file.close();
    place.remove();
  });
});

/** Shared memory on a mounted hugetlbfs that this process may write and that has free pages. */
function onHugepages(): Peer<{ readonly shm: SharedMemory; readonly mount: string }> {
  const name = "huge pages";
  if (!("found" in native)) return native;
  const capability = hugepagesCapability();
  const [mount] = hugetlbfsMounts();
  if (!capability.available || mount === undefined) return { name, lack: capability.reason };
  return { name, found: { shm: native.found.shm, mount } };
}

describeWith("a pool of huge pages", onHugepages(), ({ shm, mount }) => {
  test("is created, reserved, mapped from the middle of a page, and known for what it is", () => {
    const pageBytes = statfsSync(mount).bsize;
    const folders = shm.allow([mount]);
    const path = join(mount, `native-io-test-${process.pid}`);
    const file = folders.create(path, { sizeBytes: 2 * pageBytes });
    expect(file.hugePageBytes).toBe(pageBytes);
    const again = folders.open(path, { access: "readWrite", requireHugepages: true });
    const [whole, part] = [
      file.map({ prefault: true }),
      again.map({ offset: pageBytes - 64, length: 128 }),
    ];
    whole.bytes[pageBytes - 64] = 1;
    whole.bytes[pageBytes + 63] = 2;
    expect([part.bytes[0], part.bytes[127]]).toEqual([1, 2]);
    part.unmap();
    whole.unmap();
    expect(() => folders.create(`${path}-odd`, { sizeBytes: pageBytes + 4096 })).toThrow(/EINVAL/);
    expect(folders.unlink(`${path}-odd`)).toBe(false);
    for (const each of [file, again]) each.close();
    expect(folders.unlink(path)).toBe(true);
  });
});
