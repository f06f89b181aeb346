import { expect, test } from "@jest/globals";
import { AeronError, AtomicBuffer } from "@proj/aeron";
import { BroadcastReceiver, BroadcastTransmitter } from "#src/cnc/broadcast.js";

const CAPACITY = 1_024;

function make(): { transmitter: BroadcastTransmitter; buffer: AtomicBuffer } {
  const buffer = new AtomicBuffer(new Uint8Array(CAPACITY + 128));
  return { transmitter: new BroadcastTransmitter(buffer), buffer };
}

function receiverOf(buffer: AtomicBuffer): BroadcastReceiver {
  return new BroadcastReceiver(buffer, () => undefined);
}

function drain(receiver: BroadcastReceiver): { type: number; bytes: number[] }[] {
  const records: { type: number; bytes: number[] }[] = [];
  receiver.receive((type, buffer, offset, length) => {
    records.push({ type, bytes: [...buffer.bytes.subarray(offset, offset + length)] });
  }, 1_000);
  return records;
}

test("every reader gets every record from the moment it began", () => {
  const { transmitter, buffer } = make();
  const first = receiverOf(buffer);
  transmitter.transmit(1, Uint8Array.of(1));
  const second = receiverOf(buffer);
  transmitter.transmit(2, Uint8Array.of(2, 2));
  expect(drain(first).map(({ type }) => type)).toEqual([1, 2]);
  expect(drain(second)).toEqual([{ type: 2, bytes: [2, 2] }]);
});

test("§13.2: records that do not fit before the end go to the start", () => {
  const { transmitter, buffer } = make();
  const receiver = receiverOf(buffer);
  for (let round = 0; round < 500; round++) {
    const record = new Uint8Array((round * 7) % 120).fill(round);
    transmitter.transmit(round + 1, record);
    expect(drain(receiver)).toEqual([{ type: round + 1, bytes: [...record] }]);
  }
});

test("§13.2: a reader that is overtaken is told, at the boundary and not before", () => {
  const { transmitter, buffer } = make();
  const receiver = receiverOf(buffer);
  const record = new Uint8Array(120);
  for (let sent = 0; sent < 7; sent++) transmitter.transmit(1, record);
  const inTime = receiverOf(buffer);
  expect(drain(receiver)).toHaveLength(7);
  expect(drain(inTime)).toHaveLength(0);
  for (let sent = 0; sent < 8; sent++) transmitter.transmit(1, record);
  expect(() => drain(receiver)).toThrow(AeronError);
});

test("a record of more than an eighth of the buffer is refused", () => {
  const { transmitter } = make();
  expect(() => {
    transmitter.transmit(1, new Uint8Array(128));
  }).toThrow(AeronError);
});
