import { expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

// `ENDURANCE_CALLS=2000000` makes the run that a release is held to.
const calls = Number(process.env["ENDURANCE_CALLS"] ?? 20_000);

test(`${calls} calls on one session leave nothing behind`, () => {
  const program = fileURLToPath(new URL("./support/endurance-program.js", import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", program, String(calls)], {
    encoding: "utf8",
  });
  const { grown, stats } = JSON.parse(output) as { grown: number; stats: unknown };
  expect(stats).toEqual(Array(2).fill({ imports: 1, exports: 1 }));
  // What the runtime keeps for itself; a byte a call would show.
  expect(grown).toBeLessThan(Math.max(1_000_000, calls / 2));
}, 600_000);
