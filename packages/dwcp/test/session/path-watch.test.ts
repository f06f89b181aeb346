import { describe, expect, test } from "@jest/globals";
import { PathWatch } from "#src/session/path-watch.js";

const RTT_US = 100_000;
const NOTHING = Number.POSITIVE_INFINITY;

/** Lets the clock run to each look that is due until `untilUs`, and tells what was found when. */
function looks(watch: PathWatch, untilUs: number, awaitedUs: number, rttUs = RTT_US): string[] {
  const found: string[] = [];
  for (let dueUs = watch.nextLookUs(awaitedUs, rttUs); dueUs <= untilUs;) {
    found.push(`${dueUs / 1000} ms: ${watch.look(dueUs, awaitedUs, rttUs)}`);
    dueUs = watch.nextLookUs(awaitedUs, rttUs);
  }
  return found;
}

describe("PathWatch", () => {
  test("asks before it believes in a silence, and says when it is one", () => {
    const watch = new PathWatch();
    watch.hear(1_000_000);
    expect(looks(watch, 9_000_000, 900_000)).toEqual(["1500 ms: ask", "1750 ms: silent"]);
    expect(watch.state).toBe("silent");
  });

  test("gives streams a round trip to be heard once anything was, then has the others replaced", () => {
    const watch = new PathWatch();
    watch.hear(0);
    looks(watch, 2_000_000, 0);
    expect(watch.admits(0)).toBe(false);
    watch.hear(3_000_000);
    expect(watch.state).toBe("back");
    expect([watch.admits(0), watch.admits(3_000_000)]).toEqual([false, true]);
    watch.hear(3_050_000);
    expect(looks(watch, 3_200_000, 0)).toEqual(["3100 ms: replace"]);
    expect(watch.state).toBe("answering");
    expect(watch.admits(0)).toBe(true);
  });

  test("takes an answer to what it asked for the end of it", () => {
    const watch = new PathWatch();
    watch.hear(0);
    expect(looks(watch, 600_000, 0)).toEqual(["500 ms: ask"]);
    watch.hear(700_000);
    expect(watch.state).toBe("answering");
    expect(looks(watch, 1_199_999, 0)).toEqual([]);
  });

  test("is as patient as the path is slow", () => {
    const watch = new PathWatch();
    watch.hear(0);
    expect(looks(watch, 9_000_000, 0, 400_000)).toEqual(["1600 ms: ask", "2400 ms: silent"]);
  });

  test("judges nothing while nothing is awaited, or before a round trip is known", () => {
    const watch = new PathWatch();
    watch.hear(0);
    expect(watch.nextLookUs(NOTHING, RTT_US)).toBe(NOTHING);
    expect(watch.nextLookUs(0, 0)).toBe(NOTHING);
    expect(watch.look(60_000_000, NOTHING, RTT_US)).toBe("fine");
  });

  test("forgets that it asked when what was awaited is given up", () => {
    const watch = new PathWatch();
    watch.hear(0);
    expect(watch.look(500_000, 0, RTT_US)).toBe("ask");
    expect(watch.look(800_000, NOTHING, RTT_US)).toBe("fine");
    expect(watch.state).toBe("answering");
  });

  test("counts from when something was awaited, not from when something was last heard", () => {
    const watch = new PathWatch();
    watch.hear(0);
    expect(looks(watch, 61_000_000, 60_000_000)).toEqual(["60500 ms: ask", "60750 ms: silent"]);
  });
});
