// What lies in shared memory was written by others: whatever it is, reading it gives a value or a typed error.
import { expect, test } from "@jest/globals";
import { AeronError, AtomicBuffer, FragmentAssembler, Image, parseChannel } from "@proj/aeron";
import { BroadcastReceiver } from "#src/cnc/broadcast.js";
import { readCnc } from "#src/cnc/cnc-file.js";
import { ToDriverRing } from "#src/cnc/to-driver-ring.js";
import { CountersReader } from "#src/counters/counters-reader.js";
import { initialiseLog, LogBuffers, logFileBytes } from "#src/log/log-buffers.js";
import fc from "fast-check";
import { fuzzRuns } from "../../../../tools/jest/fuzz-runs.js";

const TERM = 65_536;
/** Words that decide more often than others do. */
const word = fc.oneof(
  fc.constantFrom(0, 1, -1, 7, 8, 31, 32, 33, 64, 2 ** 31 - 1, -(2 ** 31), -8, -32, -33),
  fc.integer({ min: -4_096, max: 4_096 }),
  fc.integer(),
);
const pokes = (bytes: number): fc.Arbitrary<[number, number][]> =>
  fc.array(fc.tuple(fc.nat(bytes / 4 - 1), word), { maxLength: 40 });

/** Runs `read`, which may throw nothing but this package's errors. */
function guarded(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AeronError)) throw error;
  }
}

function poke(bytes: Uint8Array, words: readonly (readonly [number, number])[]): AtomicBuffer {
  const buffer = new AtomicBuffer(bytes);
  for (const [at, value] of words) buffer.words[at] = value;
  return buffer;
}

test("cnc.dat, and the metadata of a log", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 128, maxLength: 512 }), pokes(48), (noise, words) => {
      const bytes = new Uint8Array(8_192);
      bytes.set(noise);
      poke(bytes, [[0, 0x200], ...words]);
      guarded(() => readCnc(bytes));
      const log = new Uint8Array(logFileBytes(TERM, 4_096));
      poke(
        log.subarray(log.length - 4_096),
        words.map(([at, value]) => [at + 64, value]),
      );
      guarded(() => new LogBuffers(log));
    }),
    fuzzRuns(300),
  );
});

test("counters", () => {
  fc.assert(
    fc.property(pokes(2_048), pokes(512), (metadata, values) => {
      const counters = new CountersReader(
        poke(new Uint8Array(2_048), [[0, 1], ...metadata]),
        poke(new Uint8Array(512), values),
      );
      guarded(() => {
        for (const { label, key } of counters) {
          expect(label.length).toBeLessThanOrEqual(380);
          expect(key).toHaveLength(112);
        }
      });
    }),
    fuzzRuns(300),
  );
});

test("the ring of commands: the driver reads on, and what lies outside it is never handed out", () => {
  fc.assert(
    fc.property(pokes(256), fc.nat(300), (words, written) => {
      const bytes = new Uint8Array(256 + 768);
      const ring = new ToDriverRing(poke(bytes, words));
      // The tail says that something was written; the head stands at 0.
      new DataView(bytes.buffer).setBigInt64(256 + 128, BigInt(written & ~7), true);
      for (let turn = 0; turn < 40; turn++) {
        const read = ring.read((_type, buffer, offset, length) => {
          expect(length).toBeGreaterThanOrEqual(0);
          expect(offset + length).toBeLessThanOrEqual(256);
          expect(buffer.length).toBe(bytes.length);
        }, 8);
        if (read === 0 && !ring.unblock()) break;
      }
      expect(ring.head()).toBeGreaterThanOrEqual(0);
    }),
    fuzzRuns(500),
  );
});

test("the ring of commands: a record of any length, written or only begun, is passed", () => {
  fc.assert(
    fc.property(word, (length) => {
      const bytes = new Uint8Array(256 + 768);
      const ring = new ToDriverRing(poke(bytes, [[0, length]]));
      new DataView(bytes.buffer).setBigInt64(256 + 128, 256n, true);
      if (length < 0) expect(ring.unblock()).toBe(true);
      ring.read(() => undefined, 8);
      if (length !== 0) expect(ring.head()).toBeGreaterThan(0);
    }),
    fuzzRuns(200),
  );
});

test("the broadcast of answers: it ends, with records or an error", () => {
  fc.assert(
    fc.property(word, pokes(256), fc.nat(600), (first, words, tail) => {
      const bytes = new Uint8Array(256 + 128);
      const buffer = new AtomicBuffer(bytes);
      const receiver = new BroadcastReceiver(buffer, () => undefined);
      poke(bytes, [...words, [0, first]]);
      buffer.view.setBigInt64(256, BigInt(tail), true);
      buffer.view.setBigInt64(256 + 8, BigInt(tail), true);
      guarded(() => {
        receiver.receive((_type, record, offset, length) => {
          expect(offset + length).toBeLessThanOrEqual(record.length);
        }, 100);
      });
    }),
    fuzzRuns(500),
  );
});

test("terms: fragments lie inside them, and the position never leaves them", () => {
  fc.assert(
    fc.property(pokes(1_024), fc.constantFrom("poll", "controlled", "block"), (words, way) => {
      const bytes = new Uint8Array(logFileBytes(TERM, 4_096));
      initialiseLog(bytes, {
        termLength: TERM,
        mtu: 1_408,
        initialTermId: 5,
        sessionId: 1,
        streamId: 1,
        correlationId: 1n,
        exclusive: false,
        pageSize: 4_096,
        windowBytes: TERM / 2,
      });
      poke(bytes, words);
      const image = new Image({
        correlationId: 1n,
        sessionId: 1,
        streamId: 1,
        sourceIdentity: "",
        log: new LogBuffers(bytes),
        position: new AtomicBuffer(new Uint8Array(128)),
      });
      const assembler = new FragmentAssembler((term, offset, length) => {
        expect(length).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(term.length);
      });
      for (let poll = 0; poll < 8; poll++) {
        guarded(() => {
          if (way === "poll") image.poll(assembler.handle, 10);
          else if (way === "block")
            image.blockPoll(({ length }) => expect(length).toBeLessThanOrEqual(TERM), 4_096);
          else {
            image.controlledPoll((...fragment) => {
              assembler.handle(...fragment);
              return "commit";
            }, 10);
          }
        });
        expect(image.position).toBeLessThanOrEqual(TERM);
        if (image.fault !== undefined) {
          expect(image.fault.code).toBe("aeron.malformed_frame");
          expect(image.poll(assembler.handle, 10)).toBe(0);
        }
      }
    }),
    fuzzRuns(500),
  );
});

test("channels", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom("aeron", ":", "ipc", "udp", "?", "|", "=", "a", "-spy"))
      .map((each) => each.join("")),
  );
  fc.assert(
    fc.property(text, (channel) => {
      guarded(() => parseChannel(channel));
    }),
    fuzzRuns(500),
  );
});
