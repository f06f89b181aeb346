import { describe, expect, test } from "@jest/globals";
import { LentUnits } from "#src/session/lent-units.js";
import type { FlyingUnit } from "#src/transfer/outgoing-unit.js";
import type { NackReason } from "#src/wire/transfer-messages.js";
import { firstStamp } from "../support/stamp.js";

function flyingUnit(unitId: number): FlyingUnit {
  const body = {
    rawOffset: 0,
    rawBytes: 1,
    codec: 0,
    codecFlags: 0,
    baselineSlot: 0,
    dictionarySlot: 0,
    rawCrc: 0,
    encoded: Uint8Array.of(1),
  } as const;
  const unit = { body, rule: "best", flying: 1, sends: 1, done: false } as const;
  return { unitId, unit, streamIndex: 0, stamp: firstStamp };
}

function lending(): { lent: LentUnits; given: number[]; failures: () => number } {
  const lent = new LentUnits();
  const given: number[] = [];
  let failures = 0;
  lent.memory = {
    lend: () => 7,
    giveBack: (offset) => void given.push(offset),
    failed: () => void failures++,
  };
  return { lent, given, failures: () => failures };
}

describe("B14: units in memory", () => {
  test.each<[NackReason, number]>([
    ["CRC", 1],
    ["DECODE", 0],
    ["BASELINE_MISSING", 0],
    ["DEPENDENCY", 0],
    ["NO_SPACE", 0],
  ])("one that is refused with %s says %s times that memory does not work", (reason, times) => {
    const { lent, failures } = lending();
    const flying = flyingUnit(1);
    expect(lent.lend(flying)).toBe(7);
    lent.refused(flying, reason);
    lent.refused(flyingUnit(2), reason);
    expect(failures()).toBe(times);
  });

  test("their memory comes back once", () => {
    const { lent, given } = lending();
    const flying = flyingUnit(1);
    lent.lend(flying);
    lent.takeBack(flying);
    lent.takeBack(flying);
    expect(given).toEqual([7]);
  });
});
