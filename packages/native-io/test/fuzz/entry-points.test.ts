import { afterEach, expect, test } from "@jest/globals";
import { Aead, AEAD_ROW } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import fc from "fast-check";
import { constants } from "node:os";
import { type Addon, loadAddon } from "#src/addon.js";
import { anything, callWithAnything } from "./wrong-arguments.js";

type Functions = Readonly<Record<string, (...values: unknown[]) => unknown>>;

describeWith(
  "datagrams, encryption, TCP options and cores refuse every mistake",
  loaded(),
  (addon) => {
    const groups: number[] = [];

    afterEach(() => {
      for (const handle of groups.splice(0)) {
        try {
          addon.udp?.close(handle);
        } catch {
          // The test itself closed it.
        }
      }
    });

    function open(): number {
      const { udp } = addon;
      if (udp === undefined) throw new Error("no UDP");
      const bytes = () => new Uint8Array(new SharedArrayBuffer(4096));
      const rows = () => new Int32Array(new SharedArrayBuffer(256));
      const handle = udp.create(bytes(), rows(), bytes(), rows(), bytes(), rows(), 64, 64);
      const report = new Int32Array(12);
      const ip = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1);
      expect(udp.addPort(handle, ip, 0, 0, 0, 0, 0, 0, report)).toBe(0);
      groups.push(handle);
      return handle;
    }

    test("copy", () => {
      callWithAnything(addon.copy as unknown as Functions, anything(0));
    });

    test("udp", () => {
      const handle = open();
      const ip = new Uint8Array(16);
      const report = new Int32Array(12);
      // A wait blocks as long as it is told to: up to a second for a valid number.
      const { wait: _, ...functions } = addon.udp as unknown as Functions;
      callWithAnything(functions, anything(handle, ip, report), (name, answer) => {
        if (name === "create" && typeof answer === "number" && answer >= 0) groups.push(answer);
        if (name === "doors") for (const door of answer as (() => void)[]) door();
      });
    });

    test("udp.wait", () => {
      const { wait } = addon.udp as unknown as Functions;
      callWithAnything(
        { wait: (...given) => wait?.(given[0], given[1] === 0 ? 0 : String(given[1])) },
        anything(open()),
      );
    });

    test("a closed group, whatever takes its place", () => {
      const { udp } = addon;
      const words = new Int32Array(new SharedArrayBuffer(16));
      const [receive, transmit] = udp?.doors(words) ?? [];
      const handle = open();
      const enter = () => {
        for (const [rows, door] of [receive, transmit].entries()) {
          words.set([handle % 1024, Math.floor(handle / 1024), 1, 77]);
          door?.();
          expect(words[3]).toBe(closed ? -constants.errno.EBADF : rows);
        }
      };
      let closed = false;
      enter();
      udp?.close(handle);
      closed = true;
      enter();
      const { create: _, doors: __, ...functions } = udp as unknown as Functions;
      for (const call of Object.values(functions)) {
        expect(() => call(handle, handle, handle, 0)).toThrow();
      }
      expect(open() % 1024).toBe(handle % 1024);
      enter();
    });

    test("words that name no group", () => {
      const words = new Int32Array(new SharedArrayBuffer(16));
      const doors = addon.udp?.doors(words) ?? [];
      open();
      const word = fc.oneof(fc.integer({ min: -2, max: 1025 }), fc.integer());
      fc.assert(
        fc.property(word, word, word, fc.nat(1), (slot, generation, count, door) => {
          words.set([slot, generation, count, 77]);
          doors[door]?.();
          expect(words[3]).toBeLessThanOrEqual(8);
        }),
        { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300), verbose: true },
      );
    });

    test("ordinary memory, which can be detached, is no slab", () => {
      const { udp } = addon;
      const shared = () => new Uint8Array(new SharedArrayBuffer(4096));
      const rows = () => new Int32Array(new SharedArrayBuffer(256));
      for (let at = 0; at < 6; at++) {
        const given: (Uint8Array | Int32Array)[] = [
          shared(),
          rows(),
          shared(),
          rows(),
          shared(),
          rows(),
        ];
        given[at] = at % 2 === 0 ? new Uint8Array(4096) : new Int32Array(64);
        const create = udp?.create as unknown as (...values: unknown[]) => number;
        expect(() => create(...given, 64, 64)).toThrow("shared memory");
      }
    });

    test("crypto", () => {
      const { crypto } = addon;
      const ring = crypto.createRing(4, false, "");
      crypto.setKey(ring, 0, 1, new Uint8Array(32), new Uint8Array(12));
      const wire = new Uint8Array(200);
      // Looking for a library is not for strange paths: the first answer holds for the process.
      const { multiBuffer: _, ...functions } = crypto as unknown as Functions;
      callWithAnything(functions, anything(ring, wire, new Int32Array(40), new Uint8Array(32)));
    });

    test("rows of a batch hold any number", () => {
      const { crypto } = addon;
      const ring = crypto.createRing(4, true, "");
      crypto.setKey(ring, 0, 1, new Uint8Array(32), new Uint8Array(12));
      const cell = fc.oneof(fc.integer({ min: -3, max: 210 }), fc.integer());
      fc.assert(
        fc.property(
          fc.array(cell, { minLength: 4 * AEAD_ROW, maxLength: 4 * AEAD_ROW }),
          fc.boolean(),
          (cells, seals) => {
            const wire = new Uint8Array(200);
            const plain = new Uint8Array(150);
            const meta = Int32Array.from(cells);
            const count = (seals ? crypto.seal : crypto.open)(ring, wire, plain, meta, 4);
            const results = [0, 1, 2, 3].map((row) => meta[row * AEAD_ROW + Aead.result] ?? -1);
            expect(results.filter((result) => result === 0)).toHaveLength(count);
            for (const result of results) expect([0, 1, 2, 3]).toContain(result);
          },
        ),
        { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300) * 5, verbose: true },
      );
    });

    test("tcp", () => {
      // Descriptors that are open belong to the test runner: only their refusal is of interest.
      callWithAnything(addon.tcp as unknown as Functions, anything(0, 2 ** 31 - 1), (_, answer) => {
        expect(answer).toBeLessThan(0);
      });
    });

    test("cores", () => {
      // Whatever is valid would be done to this thread, so the thread is always another's.
      const { threadId, ...functions } = addon.cores as unknown as Functions;
      const foreign = Object.fromEntries(
        Object.entries(functions).map(([name, call]) => [
          name,
          (...given: unknown[]) => call(given[0] === 0 ? 1 : (given[0] ?? 1), ...given.slice(1)),
        ]),
      );
      callWithAnything(foreign, anything(1, 2 ** 31 - 1));
      expect(threadId?.()).toBeGreaterThan(0);
    });
  },
);

function loaded(): Peer<Addon> {
  const found = loadAddon();
  const name = "native";
  return "addon" in found ? { name, found: found.addon } : { name, lack: found.lack };
}
