import { expect, test } from "@jest/globals";
import { ReceivingTransfer } from "#src/transfer/receiving-transfer.js";
import { SendingTransfer } from "#src/transfer/sending-transfer.js";
import { decodeJournal, encodeJournalHeader, encodeJournalRecord } from "#src/journal/journal.js";
import { nodeCrc32 } from "@proj/dwcp/node";
import { Codec, type UnitBody } from "@proj/dwcp";
import type { OfferMessage } from "#src/wire/transfer-messages.js";
import { firstStamp } from "../support/stamp.js";

const offer: OfferMessage = {
  kind: "OFFER",
  transferId: "ab".repeat(16),
  objectKey: "stream",
  generation: 0,
  rawLength: -1,
  pageBytes: 4_096,
  leafBytes: 1_048_576,
  hash: "sha-256",
  baselines: [],
  dictionaries: [],
  transferKind: "blob",
  priority: 0,
  metadata: {},
};

function unit(rawOffset: number, rawBytes: number): UnitBody {
  const encoded = new Uint8Array(rawBytes);
  const plain = {
    codec: Codec.RAW,
    codecFlags: 0,
    baselineSlot: 0xffff,
    dictionarySlot: 0,
    rawCrc: 0,
  };
  return { ...plain, rawOffset, rawBytes, encoded };
}

test("B6: bytes of a unit are given back when it arrived and no other copy of it was ever sent", () => {
  const landed: number[] = [];
  const whole = { ...offer, rawLength: 3_000 };
  const transfer = new SendingTransfer(whole, 0, ({ rawOffset }) => landed.push(rawOffset));
  transfer.accepted(2, []);
  const extent = transfer.takeExtent(4_096);
  if (extent === undefined) throw new Error("an extent");
  transfer.supply(extent, [unit(0, 1_000), unit(1_000, 1_000), unit(2_000, 1_000)]);
  const [once, twice, late] = [0, 1, 2].map(() => transfer.takeUnit());
  if (once === undefined || twice === undefined || late === undefined) throw new Error("units");
  const first = transfer.launch(once, 0, firstStamp);
  const copies = [transfer.launch(twice, 0, firstStamp), transfer.launch(twice, 1, firstStamp)];
  const silent = transfer.launch(late, 2, firstStamp);
  transfer.arrive(first.unitId);
  transfer.arrive(first.unitId);
  for (const { unitId } of copies) transfer.arrive(unitId);
  // Its repeat waits already.
  transfer.giveUp(silent);
  transfer.arrive(silent.unitId);
  expect(landed).toEqual([0]);
  expect(transfer.state).toBe("finishing");
});

test("B4: a transfer without a length is not complete before its end, whatever has arrived", () => {
  const transfer = new SendingTransfer(offer);
  transfer.accepted(2, []);
  expect(transfer.state).toBe("sending");
  expect(transfer.takeExtent(1_000)).toBeUndefined();
  transfer.grow(600);
  transfer.grow(1_000);
  const extent = transfer.takeExtent(4_096);
  expect(extent).toMatchObject({ start: 0, end: 1_000 });
  if (extent === undefined) throw new Error("an extent");
  transfer.supply(extent, [unit(0, 1_000)]);
  const taken = transfer.takeUnit();
  if (taken === undefined) throw new Error("a unit");
  const flying = transfer.launch(taken, 0, firstStamp);
  transfer.arrive(flying.unitId);
  expect(transfer.isComplete).toBe(false);
  expect(transfer.end()).toBe(true);
  expect([transfer.state, transfer.rawLength]).toEqual(["finishing", 1_000]);
  expect(transfer.end()).toBe(false);
});

test("B4: what grew meanwhile is planned after another session's ACCEPT, without what is held", () => {
  const transfer = new SendingTransfer(offer);
  transfer.grow(8_192);
  transfer.accepted(2, [[0, 4_096]]);
  transfer.grow(10_000);
  expect(transfer.end()).toBe(false);
  expect(transfer.takeExtent(65_536)).toMatchObject({ start: 4_096, end: 10_000 });
  transfer.accepted(4, [[0, 10_000]]);
  expect(transfer.state).toBe("finishing");
});

test("B4: an empty stream is complete at its end", () => {
  const transfer = new SendingTransfer(offer);
  transfer.accepted(2, []);
  expect(transfer.end()).toBe(true);
  const receiving = new ReceivingTransfer(offer, 2, []);
  expect(receiving.isComplete).toBe(false);
  receiving.end(0);
  expect(receiving.isComplete).toBe(true);
});

test("B4: FIN states the length once, and not less than has arrived", () => {
  const transfer = new ReceivingTransfer(offer, 2, [[0, 4_096]]);
  expect(transfer.rawLength).toBeUndefined();
  expect(() => transfer.end(4_095)).toThrow(expect.objectContaining({ code: "dwcp.protocol" }));
  expect(transfer.isComplete).toBe(false);
  transfer.end(5_000);
  transfer.end(5_000);
  expect([transfer.rawLength, transfer.isComplete]).toEqual([5_000, false]);
  expect(() => transfer.end(4_096)).toThrow(expect.objectContaining({ code: "dwcp.protocol" }));
  const late = { ...unit(4_096, 1_000), unitId: 1, sentUs: 0 };
  expect(() => transfer.arrive(0, late, 0)).toThrow(
    expect.objectContaining({ code: "dwcp.protocol" }),
  );
});

test("B4: a FIN with another length than was offered is refused", () => {
  const transfer = new ReceivingTransfer({ ...offer, rawLength: 100 }, 2, []);
  expect(() => transfer.end(101)).toThrow(expect.objectContaining({ code: "dwcp.protocol" }));
});

test("a journal keeps a transfer whose length is not known, and records of any place", () => {
  const header = {
    transferId: offer.transferId,
    rawLength: -1,
    generation: 3,
    leafBytes: 1_048_576,
    keyDigest: "cd".repeat(32),
    rootHash: undefined,
  };
  const record = { start: 2 ** 50, length: 77, rawCrc: 9 };
  const bytes = Buffer.concat([
    encodeJournalHeader(header, nodeCrc32),
    encodeJournalRecord(record, nodeCrc32),
  ]);
  expect(decodeJournal(bytes, nodeCrc32)).toMatchObject({ header, records: [record] });
});
