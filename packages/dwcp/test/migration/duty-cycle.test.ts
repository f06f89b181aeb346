import { expect, test } from "@jest/globals";
import { DutyCycle } from "@proj/dwcp";
import { ManualTime } from "@proj/wire-types";

/** Something that runs or stands still, and counts for how long it ran. */
function machine(): {
  readonly time: ManualTime;
  readonly cycle: DutyCycle;
  readonly log: string[];
  fails: boolean;
} {
  const time = new ManualTime();
  const log: string[] = [];
  const note = (what: string) => () => {
    if (made.fails) throw new Error("it is gone");
    log.push(`${what} ${time.nowUs() / 1_000}`);
  };
  const cycle = new DutyCycle({ stop: note("stop"), go: note("go") }, time);
  const made = { time, cycle, log, fails: false };
  return made;
}

async function advance(time: ManualTime, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    time.advance(1_000);
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  }
}

test("B15: throttled, it runs for its share of each tenth of a second", async () => {
  const { time, cycle, log } = machine();
  await cycle.throttle(0.25);
  await advance(time, 240);
  expect(log).toEqual(["go 0", "stop 25", "go 100", "stop 125", "go 200", "stop 225"]);
  await cycle.throttle(1);
  await advance(time, 500);
  expect(log.slice(6)).toEqual(["go 240"]);
});

test("B15: paused, it stands still whatever its share is, until it is resumed", async () => {
  const { time, cycle, log } = machine();
  await cycle.throttle(0.5);
  await advance(time, 10);
  await cycle.pause();
  await cycle.throttle(0.25);
  await advance(time, 500);
  expect(log).toEqual(["go 0", "stop 10"]);
  await cycle.resume();
  await advance(time, 60);
  expect(log.slice(2)).toEqual(["go 510", "stop 535"]);
});

test("B15: a small share has turns that a timer can make", async () => {
  const { time, cycle, log } = machine();
  await cycle.throttle(1 / 64);
  await advance(time, 131);
  expect(log).toEqual(["go 0", "stop 2", "go 128", "stop 130"]);
});

test("a turn that fails ends the turns, and the next pause says so", async () => {
  const made = machine();
  await made.cycle.throttle(0.5);
  made.fails = true;
  await advance(made.time, 300);
  expect(made.log).toEqual(["go 0"]);
  await expect(made.cycle.pause()).rejects.toThrow("it is gone");
  made.fails = false;
  await made.cycle.pause();
  expect(made.log.at(-1)).toBe("stop 300");
});

test("closed, it takes no further turn", async () => {
  const { time, cycle, log } = machine();
  await cycle.throttle(0.5);
  cycle.close();
  await advance(time, 300);
  expect(log).toEqual(["go 0"]);
});

test("a share is above 0 and no more than 1", async () => {
  const { cycle } = machine();
  for (const share of [0, -1, 1.5, Number.NaN]) {
    await expect(cycle.throttle(share)).rejects.toThrow(RangeError);
  }
});
