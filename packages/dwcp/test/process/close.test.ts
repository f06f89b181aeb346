import { expect, test } from "@jest/globals";
import { fileURLToPath } from "node:url";
import { killed, nodeProgram, start, told } from "../support/node-process.js";

const closing = fileURLToPath(new URL("../support/closing-program.js", import.meta.url));

test("a process stays until its pool is closed, whatever its workers still answer", async () => {
  const child = start(closing);
  try {
    expect(await told(child)).toBe("closed");
  } finally {
    await killed(child);
  }
});

test("who waits for a process that ends hears at once how, and what it said", async () => {
  const child = start(nodeProgram, ["receive", "no port", "", ""]);
  await expect(told(child)).rejects.toThrow(/ended with code 1 before .*\n[^]*ERR_SOCKET_BAD_PORT/);
  await expect(told(child)).rejects.toThrow("ended with code 1");
});
