import { expect, test } from "@jest/globals";
import { spawnServer } from "@proj/bench";

test("a server process reports readiness, CPU, memory and answers", async () => {
  const server = await spawnServer<{ port: number }>(
    new URL("./answering-server.js", import.meta.url),
    { port: 7 },
  );
  try {
    expect(server.ready).toEqual({ port: 7 });
    expect((await server.cpu()).user).toBeGreaterThan(0);
    expect((await server.memory()).peakRss).toBeGreaterThan(0);
    expect(await server.ask(20)).toBe(21);
    await expect(server.ask("x")).rejects.toThrow("not a number");
  } finally {
    await server.close();
  }
});

test("a server process that fails to start is an error", async () => {
  await expect(
    spawnServer(new URL("./answering-server.js", import.meta.url), "wrong"),
  ).rejects.toThrow("ended with exit code 1");
});

test("a server process runs with the flags and variables that Node is to be started with", async () => {
  const server = await spawnServer(
    new URL("./answering-server.js", import.meta.url),
    {},
    { nodeFlags: ["--max-semi-space-size=32"], env: { OF_THE_TEST: "set" } },
  );
  try {
    expect(await server.ask("flags")).toContain("--max-semi-space-size=32");
    expect(await server.ask("variable")).toBe("set");
  } finally {
    await server.close();
  }
});
