import { afterAll, expect, test } from "@jest/globals";
import { describeWith, type Peer } from "@proj/peers";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Addon, loadAddon } from "#src/addon.js";
import { scratch } from "../shm/scratch.js";
import { anything, callWithAnything } from "./wrong-arguments.js";

type Call = (...values: unknown[]) => unknown;
type Functions = Readonly<Record<string, Call>>;

/** Calls with arguments that are right but for some; whatever comes is an answer or a refusal. */
function callNearlyRight(
  call: Call,
  right: readonly unknown[],
  values: fc.Arbitrary<unknown>,
  after: (answer: unknown) => void = () => undefined,
): void {
  const change = fc.tuple(fc.nat(right.length - 1), values);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
      const given = [...right];
      for (const [at, value] of changes) given[at] = value;
      let answer: unknown;
      try {
        answer = call(...given);
      } catch (thrown) {
        expect(["TypeError", "RangeError"]).toContain((thrown as Error).name);
        return;
      }
      after(answer);
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300), verbose: true },
  );
}

describeWith(
  "checksums, memory, futex, anchors and RMA refuse every mistake",
  loaded(),
  (addon) => {
    const place = scratch();
    afterAll(() => place.remove());

    test("crc32c and crc32", () => {
      for (const { sum } of [addon.crc32c, addon.crc32]) {
        if (sum !== undefined) callWithAnything({ sum: sum as Call }, anything());
      }
    });

    test("zstd", () => {
      const { zstd } = addon;
      if (zstd === undefined) return;
      const functions = { compress: zstd.compress as Call, decompress: zstd.decompress as Call };
      const [source, into] = [new Uint8Array(3000).fill(7), new Uint8Array(4000)];
      const numbers = new Int32Array(11);
      const packed = zstd.compress(source, into, new Uint8Array(0), numbers);
      const frame = into.slice(0, packed);
      const values = anything(source, into, frame, frame.subarray(0, packed - 1));
      callWithAnything(functions, values);
      callNearlyRight(functions.compress, [source, into, frame, numbers], values);
      callNearlyRight(functions.decompress, [frame, into, source], values, (answer) => {
        expect(answer).toBeLessThanOrEqual(into.length);
      });
      // Half of them small, as parameters usually are; any other has to do no harm either.
      const parameters = fc.array(fc.oneof(fc.integer({ min: -3, max: 12 }), fc.integer()), {
        minLength: 11,
        maxLength: 11,
      });
      fc.assert(
        fc.property(parameters, (given) => {
          const answer = zstd.compress(source, into, frame, Int32Array.from(given));
          expect(answer).toBeLessThanOrEqual(into.length);
        }),
        { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300) / 10, verbose: true },
      );
    });

    test("the clock's memory may be given away", async () => {
      const worker = new Worker(new URL("./clock-worker.js", import.meta.url));
      const told = await new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      expect(told).toEqual(["ran", "TypeError: read: its memory was detached"]);
      await worker.terminate();
    });

    test("every function of the addon is called with anything, here or beside", () => {
      const groups = Object.keys(addon).filter((name) => name !== "interface");
      const sources = ["memory-entry-points", "entry-points"].map((name) => {
        const path = new URL(`../../test/fuzz/${name}.test.ts`, import.meta.url);
        return readFileSync(fileURLToPath(path), "utf8");
      });
      const tried = sources.join("\n");
      const isTried = (name: string) =>
        new RegExp(`addon\\.${name}\\b|[{ ]${name} } = addon`).test(tried);
      // The clock takes nothing: what can be done to it is done by a worker.
      expect(groups.filter((name) => name !== "clock" && !isTried(name))).toEqual([]);
    });

    test("shm", () => {
      const { shm } = addon;
      if (shm === undefined) throw new Error("no shared memory");
      const folder = shm.openFolder(place.folder);
      const file = shm.create(folder as never, "file", 0o600, 0o700);
      expect(shm.resize(file as never, 65_536, true)).toBe(0);
      const mapping = shm.map(file as never, 0, 4096, true, false) as ArrayBuffer;
      const bytes = new Uint8Array(mapping);
      const functions = shm as unknown as Functions;
      // Taking space is not for strange sizes: a large one would be taken.
      const unreserved = (call: Call, at: number): Call => {
        return (...given) =>
          call(...given.map((each, i) => (i === at && each === true ? false : each)));
      };
      const { close, resize, map, ...rest } = functions as Functions &
        Record<"close" | "resize" | "map", Call>;
      const safe = { ...rest, resize: unreserved(resize, 2), map: unreserved(map, 4) };
      const values = anything(file, folder, bytes, mapping, "file", "a/b", "../x", "/etc/passwd");
      const unmap = (answer: unknown) => {
        if (answer instanceof ArrayBuffer) shm.unmap(answer);
      };
      callWithAnything(safe, values, (_, answer) => unmap(answer));
      const right: Readonly<Record<string, readonly unknown[]>> = {
        openFolder: [place.folder],
        open: [folder, "file", true],
        create: [folder, "other", 0o600, 0o700],
        unlink: [folder, "other"],
        facts: [file],
        resize: [file, 65_536, false],
        map: [file, 0, 4096, true, false],
        unmap: [new ArrayBuffer(8)],
        copy: [bytes, 0, new Uint8Array(64), 0, 64],
      };
      for (const [name, given] of Object.entries(right)) {
        const call = safe[name as keyof typeof safe];
        callNearlyRight(call, given, values, unmap);
      }
      callNearlyRight(
        (...given) => given[0] !== file && given[0] !== folder && close(...given),
        [file],
        values,
      );
      shm.close(file as never);
      expect(shm.facts(file as never)).toBeLessThan(0);
      expect(shm.resize(file as never, 1, false)).toBeLessThan(0);
      expect(shm.map(file as never, 0, 64, false, false)).toBeLessThan(0);
    });

    test("futex", () => {
      const { futex } = addon;
      if (futex === undefined) return;
      const words = new Int32Array(new SharedArrayBuffer(64)).fill(2 ** 30);
      const functions = futex as unknown as Functions;
      // A wait blocks as long as it is told to.
      const wait: Call = (...given) =>
        (futex.wait as Call)(...given.slice(0, 3), given[3] === 0 ? 0 : given[3] === 5 ? 5 : "");
      callWithAnything({ wake: functions["wake"] as Call, wait }, anything(words));
      callNearlyRight(wait, [words, 3, 7, 5], anything(words));
      callNearlyRight(functions["wake"] as Call, [words, 3, 1], anything(words));
    });

    test("anchors", () => {
      const functions = addon.anchors as unknown as Functions;
      const bytes = new Uint8Array(5_000).map((_, at) => at * at);
      const gear = new Int32Array(256).map((_, at) => Math.imul(at + 1, 0x9e3779b1));
      const mask = -1 << 29;
      const lists = [new Int32Array(400).fill(-3), new Int32Array(400)];
      const slots = new Uint32Array(1_024).fill(4_999);
      const found = new Int32Array(80);
      const steps = new Float64Array(8);
      const right: Readonly<Record<string, readonly unknown[]>> = {
        scan: [bytes, gear, mask, ...lists],
        index: [bytes, 2 ** 31, 32, gear, mask, slots],
        similar: [...lists, 400, slots, 256, new Uint8Array(20).fill(1), 3, found],
        match: [bytes, 100, ...lists, 400, bytes, slots, bytes.slice(9), slots, steps],
      };
      const values = anything(bytes, gear, slots, found, steps, new Uint32Array(3), 2 ** 32 - 1);
      callWithAnything(functions, values);
      for (const [name, given] of Object.entries(right)) {
        callNearlyRight(functions[name] as Call, given, values);
      }
    });

    test("rma", () => {
      const { rma } = addon;
      if (rma === undefined) return;
      const { load: _, open: __, ...functions } = rma as unknown as Functions;
      const lend =
        typeof rma.load(["libfabric.so.1"]) === "string"
          ? -1
          : rma.open("shm", "", "", true, true, 16);
      if (typeof lend === "number") {
        // Without the library there is nothing to hold: handles of another kind stand for them.
        callWithAnything(functions, anything());
        return;
      }
      const bytes = new Uint8Array(new SharedArrayBuffer(4096));
      const made = rma.register(lend, bytes, true, true, 99n);
      if (typeof made === "number") throw new Error(`not registered: ${made}`);
      const { address } = rma.describe(lend);
      const peer = rma.connect(lend, address);
      const values = anything(lend, made.handle, address, bytes, "shm", "sockets");
      // Where a transfer goes is the peer's word, which nothing here can check.
      const transfer: Call = (...given) =>
        (rma.transfer as Call)(
          ...given
            .map((each, i) => (i === 6 && typeof each === "bigint" ? made.base : each))
            .map((each, i) => (i === 7 && typeof each === "bigint" ? made.key : each)),
        );
      const { close, deregister, disconnect, ...rest } = functions as Functions &
        Record<"close" | "deregister" | "disconnect", Call>;
      const safe: Functions = { ...rest, transfer };
      callWithAnything(safe, values);
      const rows = new Int32Array(30);
      const right: Readonly<Record<string, readonly unknown[]>> = {
        find: ["none", "", true, true],
        describe: [lend],
        register: [lend, bytes, true, false, 5n],
        connect: [lend, address],
        reconnect: [lend, peer],
        transfer: [lend, false, peer, made.handle, 64, 64, made.base, made.key, 3],
        poll: [lend, rows],
        errorText: [5],
      };
      for (const [name, given] of Object.entries(right)) {
        callNearlyRight(safe[name] as Call, given, values);
        for (let turn = 0; turn < 20; turn++) rma.poll(lend, rows);
      }
      callNearlyRight(disconnect, [lend, 0], values);
      callNearlyRight(deregister, [lend, made.handle], values);
      close(lend);
      for (const call of [rma.describe, rma.connect, rma.poll] as Call[]) {
        expect(() => call(lend, rows)).toThrow(expect.objectContaining({ name: "TypeError" }));
      }
    });
  },
);

function loaded(): Peer<Addon> {
  const found = loadAddon();
  return "addon" in found
    ? { name: "native", found: found.addon }
    : { name: "native", lack: found.lack };
}
