import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { command, describeWith } from "@proj/peers";
import { encodeUtf8 } from "@proj/wire-types";
import { compressBody, decompressBody, inspectZstdFrame } from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";
import { golden } from "../support/golden.js";

const { zstd } = nodePlatform;
const body = encodeUtf8("the same few words, again and again; ".repeat(20_000));

describeWith("§11.1: the zstd tool", command("zstd"), (tool) => {
  test("decompresses what we compress, and the golden frame", () => {
    const frame = compressBody(body, zstd) ?? new Uint8Array(0);
    const options = { input: frame, maxBuffer: 2 * body.length };
    expect(Buffer.compare(execFileSync(tool, ["-dc"], options), body)).toBe(0);
    const raw = execFileSync(tool, ["-dc"], { input: golden("zstd-raw") });
    expect(Buffer.compare(raw, golden("json-text"))).toBe(0);
  });

  test.each([["-1"], ["-3"], ["-19"], ["--no-check"], ["--ultra", "-22", "--long=23"]])(
    "what it compresses with %s is decompressed, whether the size is declared or not",
    (...args) => {
      const piped = execFileSync(tool, [...args, "-c"], { input: body });
      expect(inspectZstdFrame(piped).contentBytes).toBeUndefined();
      const sized = execFileSync(tool, [...args, "-c", `--stream-size=${body.length}`], {
        input: body,
      });
      expect(inspectZstdFrame(sized).contentBytes).toBe(body.length);
      for (const frame of [piped, sized]) {
        expect(Buffer.compare(decompressBody(frame, zstd, body.length), body)).toBe(0);
      }
    },
  );
});
