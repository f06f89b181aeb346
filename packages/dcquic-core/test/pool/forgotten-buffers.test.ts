import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

// In a process of its own, where a collection is at once and nothing else of a test runner holds what was lost.
const program = `
import { setImmediate } from "node:timers/promises";
import { createTransportPool } from "@proj/dcquic-core/node";

const MEBIBYTE = 1_048_576;
const credentials = { kind: "psk", identity: "rack", secret: new Uint8Array(32) };
const settings = { bufferPoolBytes: 16 * MEBIBYTE };
const pool = await createTransportPool({ host: "127.0.0.1", credentials, settings });
const filled = async () => (await pool.allocateBuffer(MEBIBYTE)).write(new Uint8Array(MEBIBYTE)).fill();

const held = await filled();
(await filled()).drop();
for (let i = 0; i < 3; i++) {
  // One that is lost, one that is lost with its clone, and one that was not written.
  await filled();
  (await filled()).clone();
  await pool.allocateBuffer(MEBIBYTE);
}
let isThere = false;
const large = pool.allocateBuffer(9 * MEBIBYTE, { priority: 0 }).then((buffer) => {
  isThere = true;
  return buffer;
});
await setImmediate();
console.log("before", isThere);
for (let i = 0; i < 1000 && !isThere; i++) {
  gc();
  await setImmediate();
}
console.log("after", isThere, "held", held.isFilled);
if (isThere) (await large).drop();
held.clone().drop();
held.drop();
held.drop();
await pool.close();
`;

test("§14: buffers whose handles the application lost come back, and those that it holds stay", () => {
  const options = ["--expose-gc", "--input-type=module", "--disable-warning=ExperimentalWarning"];
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const printed = execFileSync(process.execPath, [...options, "-e", program], {
    cwd,
    encoding: "utf8",
    stdio: "pipe",
    timeout: 60_000,
  });
  expect(printed).toBe("before false\nafter true held true\n");
}, 90_000);
