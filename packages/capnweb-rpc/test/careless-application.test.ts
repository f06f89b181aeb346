import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

test("what the application throws where nobody waits is reported, and stops nothing", () => {
  const program = fileURLToPath(new URL("./support/careless-application.js", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect(stderr).toContain("onSendError threw: Error: from the hook");
  expect(JSON.parse(stdout)).toEqual({
    heard: "The error could not be prepared for sending.",
    two: 2,
    ended: true,
    reported: ["from the callback", "from the disposer"],
  });
});
