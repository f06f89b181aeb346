import { expect, test } from "@jest/globals";
import { isHeaderRepeated, repeatDataHeaders, wireOffsetAt } from "#src/wire/next-packet.js";
import { encodeHeader, packetHeader } from "#src/wire/packet-header.js";
import { slabOf } from "../support/slab.js";

const NEXT = 100;
const credentialId = new Uint8Array(16).fill(9);

function twoHeaders(number: number) {
  const { bytes, view } = slabOf(200);
  const header = { ...packetHeader(), type: 2, packetNumber: number, payloadLength: 24, keyId: 7 };
  encodeHeader(bytes, view, 0, header, credentialId);
  encodeHeader(bytes, view, NEXT, { ...header, packetNumber: number + 1 }, credentialId);
  return { bytes, view };
}

test("§17.2: a header that differs in anything but the next number is another one", () => {
  const { bytes, view } = twoHeaders(41);
  expect(isHeaderRepeated(view, 0, NEXT, 42)).toBe(true);
  for (let at = 0; at < 40; at++) {
    bytes[NEXT + at] = (bytes[NEXT + at] ?? 0) ^ 0x10;
    expect(isHeaderRepeated(view, 0, NEXT, 42)).toBe(false);
    bytes[NEXT + at] = (bytes[NEXT + at] ?? 0) ^ 0x10;
  }
});

test("§17.2: numbers go on beyond 2^32, and end below 2^53", () => {
  expect(isHeaderRepeated(twoHeaders(2 ** 32 - 1).view, 0, NEXT, 2 ** 32)).toBe(true);
  expect(isHeaderRepeated(twoHeaders(2 ** 53 - 1).view, 0, NEXT, 2 ** 53)).toBe(false);
});

test("§17.5: repeated headers say the same but for number and offset", () => {
  const { bytes, view } = twoHeaders(2 ** 32 - 1);
  bytes.fill(3, 40, 64);
  repeatDataHeaders(view, 0, NEXT, 2 ** 32, 2 ** 33 + 5);
  expect(isHeaderRepeated(view, 0, NEXT, 2 ** 32)).toBe(true);
  expect(wireOffsetAt(view, NEXT)).toBe(2 ** 33 + 5);
  expect(bytes.slice(NEXT + 40, NEXT + 48)).toEqual(new Uint8Array(8).fill(3));
  expect(bytes.slice(NEXT + 56, NEXT + 64)).toEqual(new Uint8Array(8).fill(3));
});
