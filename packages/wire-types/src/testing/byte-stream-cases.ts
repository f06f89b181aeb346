import {
  type ByteStream,
  equalBytes,
  isWireError,
  SeededRandom,
  wireError,
} from "@proj/wire-types";
import { type Case, check, checkThrows } from "./case.js";
import { type MakePair, type Pair, pairCase } from "./pair.js";
import { StreamRecord } from "./stream-record.js";
import { settle, until } from "./waiting.js";

const MEGABYTES = 4 * 1024 * 1024;

type Ends = { readonly a: StreamRecord; readonly b: StreamRecord };

/** What every `ByteStream` must do; `makePair` connects two ends anew for each case. */
export function byteStreamCases(makePair: MakePair<ByteStream>): readonly Case[] {
  const opened = (name: string, body: (ends: Ends) => Promise<void>): Case =>
    pairCase(name, makePair, async (pair) => {
      const ends = { a: new StreamRecord(pair.a), b: new StreamRecord(pair.b) };
      await body(ends);
      await Promise.all([ends.a.finish(), ends.b.finish()]);
    });
  return [
    opened("carries bytes both ways, in order", bothWays),
    opened("keeps order and content however megabytes are split", manySplits),
    opened("has let go of the memory that it says it released", releasedMemory),
    opened("joins the parts of one write and skips empty ones", partsOfOneWrite),
    opened("delivers bytes that stay valid after later ones arrive", bytesStayValid),
    opened("answers false when it is full and drains afterwards", backPressure),
    opened("drains after it answered false, whatever is written meanwhile", writesWhileFull),
    opened("holds data back while it is paused", pausing),
    opened("ends one direction and goes on with the other", halfClose),
    opened("closes without an error once both ends ended", orderlyClose),
    opened("delivers what was written before an end", endDelivers),
    opened("takes writes and ends after an end without effect", writesAfterEnd),
    opened("closes the other end with an error when it is destroyed", destruction),
    opened("reports the error it was destroyed with, once", destructionError),
    pairCase("keeps what arrives before it is opened", makePair, earlyBytes),
    pairCase("keeps an end that comes before it is opened", makePair, earlyEnd),
    pairCase("tells whoever opens it late that it is gone", makePair, lateOpening),
    pairCase("opens exactly once", makePair, secondOpening),
    pairCase("is silent once it was destroyed while data arrives", makePair, destroyedInside),
  ];
}

async function earlyBytes(pair: Pair<ByteStream>): Promise<void> {
  const a = new StreamRecord(pair.a);
  a.stream.write([Uint8Array.of(1, 2, 3)]);
  await settle();
  const b = new StreamRecord(pair.b);
  await until(() => b.received === 3, "the early bytes");
}

async function earlyEnd(pair: Pair<ByteStream>): Promise<void> {
  const a = new StreamRecord(pair.a);
  a.stream.end();
  await settle();
  const b = new StreamRecord(pair.b);
  await until(() => b.ended, "the early end");
}

async function lateOpening(pair: Pair<ByteStream>): Promise<void> {
  pair.a.destroy();
  await settle();
  const a = new StreamRecord(pair.a);
  const b = new StreamRecord(pair.b);
  check(!a.closed, "it called back inside open");
  await until(() => a.closed && b.closed, "both ends to close");
}

async function secondOpening(pair: Pair<ByteStream>): Promise<void> {
  const record = new StreamRecord(pair.a);
  checkThrows(() => pair.a.open(record), "the second open was accepted");
  await record.finish();
}

async function destroyedInside(pair: Pair<ByteStream>): Promise<void> {
  const said: string[] = [];
  const a = new StreamRecord(pair.a);
  pair.b.open({
    data() {
      said.push("data");
      pair.b.destroy();
    },
    drain: () => void said.push("drain"),
    end: () => void said.push("end"),
    close: () => void said.push("close"),
  });
  for (let i = 0; i < 8; i++) a.stream.write([new Uint8Array(100_000)]);
  a.stream.end();
  await until(() => a.closed, "the other end to close");
  check(said.join() === "data,close", `it said ${said.join()}`);
}

async function bothWays({ a, b }: Ends): Promise<void> {
  a.stream.write([Uint8Array.of(1, 2), Uint8Array.of(3)]);
  b.stream.write([Uint8Array.of(9)]);
  a.stream.write([Uint8Array.of(4)]);
  await until(() => b.received === 4 && a.received === 1, "both directions");
  check(equalBytes(b.bytes, Uint8Array.of(1, 2, 3, 4)), "the bytes arrived in another order");
}

async function manySplits({ a, b }: Ends): Promise<void> {
  const random = new SeededRandom(11);
  const sent = random.fill(new Uint8Array(MEGABYTES));
  const size = new Uint8Array(2);
  for (let at = 0; at < sent.length;) {
    random.fill(size);
    const length = 1 + ((size[0] ?? 0) | ((size[1] ?? 0) << 8));
    const flowing = a.stream.write([sent.slice(at, at + length)]);
    at += length;
    const drains = a.drains;
    if (!flowing) await until(() => a.drains > drains, "drain");
  }
  await until(() => b.received === sent.length, "all bytes");
  check(equalBytes(b.bytes, sent), "the content changed");
}

async function releasedMemory({ a, b }: Ends): Promise<void> {
  const random = new SeededRandom(13);
  const sent = random.fill(new Uint8Array(MEGABYTES));
  const block = 128 * 1024;
  b.stream.pause();
  // Some of it passes at once, the rest is held up until the other end reads. The record spoils what is released.
  for (let at = 0; at < sent.length; at += block) a.stream.write([sent.slice(at, at + block)]);
  b.stream.resume();
  await until(() => b.received === sent.length, "all bytes");
  check(equalBytes(b.bytes, sent), "memory was released that was still to be sent");
}

async function partsOfOneWrite({ a, b }: Ends): Promise<void> {
  a.stream.write([new Uint8Array(0), Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2)]);
  a.stream.write([new Uint8Array(0)]);
  a.stream.write([]);
  a.stream.write([Uint8Array.of(3)]);
  await until(() => b.received === 3, "three bytes");
  check(equalBytes(b.bytes, Uint8Array.of(1, 2, 3)), "the parts were not joined in order");
}

async function bytesStayValid({ a, b }: Ends): Promise<void> {
  a.stream.write([new Uint8Array(1000).fill(7)]);
  await until(() => b.received === 1000, "the first bytes");
  a.stream.write([new Uint8Array(100_000).fill(8)]);
  await until(() => b.received === 101_000, "the later bytes");
  check(
    b.bytes.subarray(0, 1000).every((byte) => byte === 7),
    "the first bytes were overwritten",
  );
}

async function backPressure({ a, b }: Ends): Promise<void> {
  b.stream.pause();
  const block = new Uint8Array(256 * 1024);
  let blocks = 1;
  while (a.stream.write([block])) {
    blocks++;
    check(blocks < 4096, "a gigabyte was accepted without back-pressure");
    await settle();
  }
  check(a.stream.queuedBytes > 0, "it is full and says that nothing is queued");
  b.stream.resume();
  await until(() => a.drains > 0, "drain");
  await until(() => b.received === blocks * block.length, "everything that was accepted");
}

async function writesWhileFull({ a, b }: Ends): Promise<void> {
  b.stream.pause();
  const block = new Uint8Array(256 * 1024);
  while (a.stream.write([block])) await settle();
  b.stream.resume();
  await until(() => {
    if (a.drains === 0) a.stream.write([Uint8Array.of(1)]);
    return a.drains > 0;
  }, "drain");
}

async function pausing({ a, b }: Ends): Promise<void> {
  b.stream.pause();
  await settle();
  const before = b.received;
  a.stream.write([new Uint8Array(4 * 1024 * 1024)]);
  await settle();
  check(b.received - before < 2 * 1024 * 1024, "megabytes were delivered while it was paused");
  b.stream.resume();
  await until(() => b.received === before + 4 * 1024 * 1024, "the bytes held back");
}

async function halfClose({ a, b }: Ends): Promise<void> {
  a.stream.write([Uint8Array.of(1)]);
  a.stream.end();
  await until(() => b.ended, "the end");
  check(b.received === 1, "the end overtook data");
  b.stream.write([Uint8Array.of(2, 3)]);
  await until(() => a.received === 2, "an answer after the end");
}

async function orderlyClose({ a, b }: Ends): Promise<void> {
  a.stream.end();
  await until(() => b.ended, "the first end");
  b.stream.end();
  await until(() => a.closed && b.closed, "both ends to close");
  check(a.ended && b.ended, "an end was not reported");
  check(a.error === undefined && b.error === undefined, "an orderly end was called an error");
}

async function endDelivers({ a, b }: Ends): Promise<void> {
  a.stream.write([new Uint8Array(MEGABYTES)]);
  a.stream.end();
  await until(() => b.ended, "the end");
  check(b.received === MEGABYTES, `${b.received} of ${MEGABYTES} bytes arrived before the end`);
}

async function writesAfterEnd({ a, b }: Ends): Promise<void> {
  a.stream.write([Uint8Array.of(1)]);
  a.stream.end();
  a.stream.write([Uint8Array.of(2)]);
  a.stream.end();
  await until(() => b.ended, "the end");
  check(b.received === 1, "bytes written after the end arrived");
}

async function destruction({ a, b }: Ends): Promise<void> {
  a.stream.write([Uint8Array.of(1)]);
  await until(() => b.received === 1, "the connection to be in use");
  a.stream.destroy();
  await until(() => a.closed && b.closed, "both ends to close");
  check(a.error === undefined, "destroying it without an error reported one");
  check(isWireError(b.error), "the other end closed without a typed error");
  a.stream.write([Uint8Array.of(2)]);
  a.stream.end();
  a.stream.destroy();
  await settle();
}

async function destructionError({ a, b }: Ends): Promise<void> {
  a.stream.destroy(wireError("wire.cancelled", "enough"));
  await until(() => a.closed && b.closed, "both ends to close");
  check(a.error?.code === "wire.cancelled", "the error was not passed on");
}
