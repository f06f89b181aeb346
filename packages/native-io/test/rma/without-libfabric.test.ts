import { expect, test } from "@jest/globals";
import { describeWith } from "@proj/peers";
import { execFileSync } from "node:child_process";
import { native } from "../native-peer.js";

const face = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
const script = `import { backend } from ${face};
  const { rma } = backend;
  const answer = { capabilities: rma.capabilities(), providers: rma.providers() };
  try { rma.open({ provider: "shm" }); } catch (error) { answer.code = error.code; }
  console.log(JSON.stringify(answer));`;

describeWith("where libfabric does not load", native, () => {
  test.each([
    ["/nowhere/libfabric.so.1", /does not load: ./],
    [process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6", /is no libfabric/],
  ])("%s: RMA is missing, with the reason and the cost", (library, reason) => {
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, NATIVE_IO_LIBFABRIC: library },
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toEqual({
      capabilities: [
        {
          name: "rma.libfabric",
          available: false,
          reason: expect.stringMatching(reason),
          cost: expect.stringMatching(/UDP/),
        },
      ],
      providers: [],
      code: "native_io.unsupported",
    });
  });
});
