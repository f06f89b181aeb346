import {
  equalBytes,
  isWireError,
  type MessagePipe,
  SeededRandom,
  wireError,
} from "@proj/wire-types";
import { type Case, check, checkThrows } from "./case.js";
import { type MakePair, type Pair, pairCase } from "./pair.js";
import { PipeRecord } from "./pipe-record.js";
import { settle, until } from "./waiting.js";

type Ends = { readonly a: PipeRecord; readonly b: PipeRecord };

/** What every `MessagePipe` must do; `makePair` connects two ends anew for each case. */
export function messagePipeCases(makePair: MakePair<MessagePipe>): readonly Case[] {
  const opened = (name: string, body: (ends: Ends) => Promise<void>): Case =>
    pairCase(name, makePair, async (pair) => {
      const ends = { a: new PipeRecord(pair.a), b: new PipeRecord(pair.b) };
      await body(ends);
      await Promise.all([ends.a.finish(), ends.b.finish()]);
    });
  return [
    opened("keeps messages apart and in order, both ways", boundaries),
    opened("joins the parts of one message", joinedParts),
    opened("carries messages of every size up to a megabyte", sizes),
    opened("answers false when it is full and drains afterwards", backPressure),
    opened("drains after it answered false, whatever is sent meanwhile", sendsWhileFull),
    opened("holds messages back while it is paused", pausing),
    opened("delivers what was sent before an end, then closes without an error", orderlyEnd),
    opened("closes the other end when it is destroyed", destruction),
    opened("reports the error it was destroyed with", destructionError),
    opened("sends nothing after an end", sendsAfterEnd),
    opened("delivers what the other end sent before it saw the end", crossingEnd),
    pairCase("keeps what arrives before it is opened", makePair, earlyMessage),
    pairCase("tells whoever opens it late that it is gone", makePair, lateOpening),
    pairCase("opens exactly once", makePair, secondOpening),
  ];
}

async function earlyMessage(pair: Pair<MessagePipe>): Promise<void> {
  const a = new PipeRecord(pair.a);
  a.pipe.send([Uint8Array.of(1)]);
  await settle();
  const b = new PipeRecord(pair.b);
  await until(() => b.messages.length === 1, "the early message");
}

async function lateOpening(pair: Pair<MessagePipe>): Promise<void> {
  pair.a.destroy();
  await settle();
  const a = new PipeRecord(pair.a);
  const b = new PipeRecord(pair.b);
  check(!a.closed, "it called back inside open");
  await until(() => a.closed && b.closed, "both ends to close");
}

async function secondOpening(pair: Pair<MessagePipe>): Promise<void> {
  const record = new PipeRecord(pair.a);
  checkThrows(() => pair.a.open(record), "the second open was accepted");
  await record.finish();
}

async function boundaries({ a, b }: Ends): Promise<void> {
  for (let i = 0; i < 100; i++) a.pipe.send([Uint8Array.of(i)]);
  b.pipe.send([Uint8Array.of(7, 7)]);
  await until(() => b.messages.length === 100 && a.messages.length === 1, "all messages");
  check(
    b.messages.every((message, i) => equalBytes(message, Uint8Array.of(i))),
    "messages were joined, split or reordered",
  );
}

async function joinedParts({ a, b }: Ends): Promise<void> {
  a.pipe.send([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
  await until(() => b.messages.length === 1, "the message");
  check(equalBytes(b.messages[0] ?? new Uint8Array(), Uint8Array.of(1, 2, 3)), "parts got lost");
}

async function sizes({ a, b }: Ends): Promise<void> {
  const random = new SeededRandom(3);
  const sent = [1, 125, 126, 65_535, 65_536, 1_000_000].map((size) =>
    random.fill(new Uint8Array(size)),
  );
  for (const message of sent) a.pipe.send([message]);
  await until(() => b.messages.length === sent.length, "all messages");
  check(
    sent.every((message, i) => equalBytes(message, b.messages[i] ?? new Uint8Array())),
    "the content changed",
  );
}

async function backPressure({ a, b }: Ends): Promise<void> {
  b.pipe.pause();
  const block = new Uint8Array(256 * 1024);
  let blocks = 1;
  while (a.pipe.send([block])) {
    blocks++;
    check(blocks < 4096, "a gigabyte was accepted without back-pressure");
    await settle();
  }
  b.pipe.resume();
  await until(() => a.drains > 0, "drain");
  await until(() => b.messages.length === blocks, "everything that was accepted");
}

async function sendsWhileFull({ a, b }: Ends): Promise<void> {
  b.pipe.pause();
  const block = new Uint8Array(256 * 1024);
  while (a.pipe.send([block])) await settle();
  b.pipe.resume();
  await until(() => {
    if (a.drains === 0) a.pipe.send([Uint8Array.of(1)]);
    return a.drains > 0;
  }, "drain");
}

async function pausing({ a, b }: Ends): Promise<void> {
  b.pipe.pause();
  await settle();
  const before = b.messages.length;
  for (let i = 0; i < 64; i++) a.pipe.send([new Uint8Array(64 * 1024)]);
  await settle();
  check(b.messages.length - before < 32, "megabytes were delivered while it was paused");
  b.pipe.resume();
  await until(() => b.messages.length === before + 64, "the messages held back");
}

async function orderlyEnd({ a, b }: Ends): Promise<void> {
  a.pipe.send([new Uint8Array(100_000)]);
  a.pipe.end(1000, "done");
  await until(() => a.closed && b.closed, "both ends to close");
  check(b.messages.length === 1, "a message was lost at the end");
  check(a.error === undefined && b.error === undefined, "an orderly end was called an error");
}

async function destruction({ a, b }: Ends): Promise<void> {
  a.pipe.send([Uint8Array.of(1)]);
  await until(() => b.messages.length === 1, "the connection to be in use");
  a.pipe.destroy();
  await until(() => a.closed && b.closed, "both ends to close");
  check(a.error === undefined, "destroying it without an error reported one");
  check(isWireError(b.error), "the other end closed without a typed error");
}

async function destructionError({ a, b }: Ends): Promise<void> {
  a.pipe.destroy(wireError("wire.cancelled", "enough"));
  await until(() => a.closed && b.closed, "both ends to close");
  check(a.error?.code === "wire.cancelled", "the error was not passed on");
}

async function sendsAfterEnd({ a, b }: Ends): Promise<void> {
  a.pipe.send([Uint8Array.of(1)]);
  a.pipe.end();
  a.pipe.send([Uint8Array.of(2)]);
  await until(() => b.closed, "the other end to close");
  check(b.messages.length === 1, "a message sent after the end arrived");
}

async function crossingEnd({ a, b }: Ends): Promise<void> {
  b.pipe.send([new Uint8Array(100_000)]);
  b.pipe.send([Uint8Array.of(1)]);
  a.pipe.end();
  await until(() => a.closed && b.closed, "both ends to close");
  check(a.messages.length === 2, `${a.messages.length} of 2 messages arrived`);
  check(a.error === undefined && b.error === undefined, "an orderly end was called an error");
}
