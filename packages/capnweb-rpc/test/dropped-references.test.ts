import { expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

test("§21.15: stubs and unasked promises that are dropped go back to the peer", () => {
  const program = fileURLToPath(new URL("./support/dropping-program.js", import.meta.url));
  const output = execFileSync(process.execPath, [program], { encoding: "utf8", timeout: 100_000 });
  expect(JSON.parse(output)).toEqual({
    promises: [1, 1],
    stubs: 1,
    "a property keeps what it belongs to": "hello",
    "what is awaited stays": 7,
    "what is held stays": "hello",
    // A stub comes with a message; a promise is made by a call, which the stack shows.
    reported: { stub: false, promise: true },
    "after the report": 1,
    "kept on request": 4,
  });
});
