import { describe, expect, test } from "@jest/globals";
import { type Backend, portable } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import { cryptoCases as packetCases } from "./crypto-cases.js";
import { runCases } from "./run-cases.js";

describe("portable encryption", () => cryptoCases(portable.crypto, {}));

describeWith("native encryption by OpenSSL", native, ({ crypto }) => {
  cryptoCases(crypto, { engine: "openssl" });

  test("a dropped key is nowhere in memory", () => expectWiped("openssl"));

  test("is the OpenSSL of this Node", () => {
    const ring = crypto.createKeyRing(1, { engine: "openssl" });
    expect(ring.engine).toMatch(/^OpenSSL /);
    expect(ring.engine).toContain(process.versions.openssl.split("+")[0]);
    ring.close();
  });
});

describeWith("native encryption by the multi-buffer library", multiBuffer(), ({ crypto }) => {
  cryptoCases(crypto, {});

  test("a dropped key is nowhere in memory", () => expectWiped("fastest"));

  test("passed its test against OpenSSL", () => {
    expect(crypto.createKeyRing(1).engine).toMatch(/^intel-ipsec-mb [12]\./);
  });
});

/** Asks a process of its own, which holds little else. */
function expectWiped(engine: string): void {
  const program = fileURLToPath(new URL("./key-search.js", import.meta.url));
  const output = execFileSync(process.execPath, [program, engine], { encoding: "utf8" });
  const { before, held, dropped } = JSON.parse(output) as Record<string, number>;
  expect({ before, dropped }).toEqual({ before: 0, dropped: 0 });
  expect(held).toBeGreaterThan(0);
}

function multiBuffer(): Peer<Backend> {
  const name = "ipsec-mb";
  if (!("found" in native)) return { name, lack: native.lack };
  const report = native.found.crypto
    .capabilities()
    .find((capability) => capability.name === "crypto.multi_buffer");
  if (report?.available === true) return { name, found: native.found };
  return { name, lack: report?.reason ?? "not reported" };
}

function cryptoCases(...every: Parameters<typeof packetCases>): void {
  packetCases(...every);
  runCases(...every);
}
