import { expect, test } from "@jest/globals";
import { describeWith } from "@proj/peers";
import { spawnSync } from "node:child_process";
import { truncateSync } from "node:fs";
import { native } from "../native-peer.js";
import { scratch } from "./scratch.js";

const face = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
const megabyte = 2 ** 20;

describeWith("a file truncated under its mapping", native, ({ shm }) => {
  test("a copy out of it, or into it, is a typed error; the rest still copies", () => {
    const place = scratch();
    const folders = shm.allow([place.folder]);
    const file = folders.create(place.path("shrinking"), { sizeBytes: megabyte });
    const region = file.map();
    region.bytes.fill(7);
    truncateSync(place.path("shrinking"), megabyte / 2);
    const mine = new Uint8Array(megabyte);
    const fault = expect.objectContaining({ code: "native_io.fault" });
    const out = { target: mine, targetOffset: 0, source: region.bytes, sourceOffset: 0 };
    const into = { target: region.bytes, targetOffset: 0, source: mine, sourceOffset: 0 };
    for (let turn = 0; turn < 100; turn++) {
      expect(() => shm.copy({ ...out, length: megabyte })).toThrow(fault);
      expect(() => shm.copy({ ...into, targetOffset: megabyte / 2, length: 64 })).toThrow(fault);
    }
    mine.fill(0);
    shm.copy({ ...out, length: megabyte / 2 });
    expect(mine[megabyte / 2 - 1]).toBe(7);
    expect(() => file.map()).toThrow(expect.objectContaining({ details: { check: "size" } }));
    region.unmap();
    file.close();
    place.remove();
  });

  test("a fault outside of a copy still ends the process, as does a signal that was sent", () => {
    const place = scratch();
    const script = `import { backend } from ${face};
      import { truncateSync } from "node:fs";
      const path = ${JSON.stringify(place.path("fatal"))};
      const region = backend.shm.allow([${JSON.stringify(place.folder)}]).create(path, { sizeBytes: 65536 }).map();
      const { bytes } = region;
      backend.shm.copy({ target: bytes, targetOffset: 0, source: bytes, sourceOffset: 64, length: 64 });
      if (process.argv[1] === "send") { process.kill(process.pid, "SIGBUS"); setTimeout(() => {}, 5000); }
      else { truncateSync(path, 0); console.log(bytes[40000]); }`;
    for (const how of ["touch", "send"]) {
      const run = spawnSync(process.execPath, ["--input-type=module", "-e", script, how], {
        timeout: 100_000,
      });
      expect([how, run.signal]).toEqual([how, "SIGBUS"]);
      shm.allow([place.folder]).unlink(place.path("fatal"));
    }
    place.remove();
  });
});
