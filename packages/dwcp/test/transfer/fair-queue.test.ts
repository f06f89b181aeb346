import { describe, expect, test } from "@jest/globals";
import { type FairMember, FairQueue } from "#src/transfer/fair-queue.js";

interface Sender extends FairMember {
  ready: boolean;
  readonly unitBytes: number;
}

function sender(
  weight: number,
  { minShare = 0, unitBytes = 100_000, ready = true }: Partial<Sender> = {},
): Sender {
  return { weight, minShare, ready, unitBytes };
}

/** Lets the queue give away so many bytes; the share that each member got, in percent. */
function sharesOf(
  queue: FairQueue<Sender>,
  members: readonly Sender[],
  bytes = 50_000_000,
): number[] {
  const got = new Map(members.map((member) => [member, 0]));
  for (let given = 0; given < bytes;) {
    const member = queue.next();
    if (member === undefined) throw new Error("somebody is ready");
    queue.spend(member, member.unitBytes);
    got.set(member, (got.get(member) ?? 0) + member.unitBytes);
    given += member.unitBytes;
  }
  return members.map((member) => Math.round((100 * (got.get(member) ?? 0)) / bytes));
}

function queueOf(...members: readonly Sender[]): FairQueue<Sender> {
  const queue = new FairQueue<Sender>();
  for (const member of members) queue.add(member);
  return queue;
}

describe("B13: members of a fair queue", () => {
  test.each([
    [
      "alike get the same, however long their units are",
      [
        [1, 48],
        [1, 1_000_000],
        [1, 65_536],
      ],
      [33, 33, 33],
    ],
    [
      "get bytes by their weights",
      [
        [1, 100_000],
        [3, 100_000],
        [6, 100_000],
      ],
      [10, 30, 60],
    ],
    [
      "get bytes by their weights, not units",
      [
        [1, 1_000_000],
        [4, 10_000],
      ],
      [20, 80],
    ],
  ] as const)("%s", (_name, rows, wanted) => {
    const members = rows.map(([weight, unitBytes]) => sender(weight, { unitBytes }));
    const shares = sharesOf(queueOf(...members), members);
    for (const [i, share] of shares.entries())
      expect(Math.abs(share - (wanted[i] ?? 0))).toBeLessThan(3);
  });

  test("with a guaranteed share get it, whatever the others weigh", () => {
    const members = [sender(1, { minShare: 0.25 }), sender(60), sender(30)];
    const [guaranteed, heavy, light] = sharesOf(queueOf(...members), members, 500_000_000);
    expect(guaranteed).toBe(25);
    expect(heavy).toBe(50);
    expect(light).toBe(25);
  });

  test("with a guaranteed share keep what they weigh where that is more", () => {
    const members = [sender(9, { minShare: 0.1 }), sender(1)];
    expect(sharesOf(queueOf(...members), members)).toEqual([90, 10]);
  });

  test("with all of it guaranteed shut nobody out", () => {
    const members = [sender(1, { minShare: 1 }), sender(1)];
    const [all, rest = 0] = sharesOf(queueOf(...members), members);
    expect(all).toBe(99);
    expect(rest).toBe(1);
  });

  test("without anything to send leave all to the others, and save nothing for later", () => {
    const members = [sender(1), sender(1)];
    const [idle, busy] = members;
    if (idle === undefined || busy === undefined) throw new Error("there are two");
    const queue = queueOf(...members);
    idle.ready = false;
    expect(sharesOf(queue, members, 20_000_000)).toEqual([0, 100]);
    idle.ready = true;
    expect(sharesOf(queue, members, 2_000_000)).toEqual([50, 50]);
  });

  test("that leave take their turn with them", () => {
    const members = [sender(1), sender(1), sender(2)];
    const queue = queueOf(...members);
    sharesOf(queue, members, 1_000_000);
    const [first, ...others] = members;
    if (first === undefined) throw new Error("there are three");
    queue.remove(first);
    queue.remove(first);
    expect(queue.size).toBe(2);
    expect(sharesOf(queue, others, 30_000_000)).toEqual([33, 67]);
    for (const other of others) other.ready = false;
    expect(queue.next()).toBeUndefined();
  });
});
