import { expect, test } from "@jest/globals";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReceivedFile } from "#src/dcquic/received-file.js";

test("ranges that are safe at the same time make one file of it, and both know", async () => {
  const folder = await mkdtemp(join(tmpdir(), "received-file-"));
  try {
    const content = randomBytes(2000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file = await ReceivedFile.open(folder, { name: "a.bin", sha256, total: 2000 });
    const handle = await file.handle();
    await handle.write(content);
    await handle.close();
    const states = [0, 1000].map((offset) => file.add({ offset, bytes: 1000 }));
    expect(await Promise.all(states)).toEqual(["whole", "whole"]);
    expect(await readdir(folder)).toEqual(["a.bin"]);
    expect((await readFile(join(folder, "a.bin"))).equals(content)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
