import { describe, expect, test } from "@jest/globals";
import { type Backend, portable } from "@proj/native-io";
import { describeWith, type Peer } from "@proj/peers";
import { native } from "../native-peer.js";
import { cryptoCases } from "./crypto-cases.js";

describe("portable encryption", () => cryptoCases(portable.crypto, {}));

describeWith("native encryption by OpenSSL", native, ({ crypto }) => {
  cryptoCases(crypto, { engine: "openssl" });

  test("is the OpenSSL of this Node", () => {
    const ring = crypto.createKeyRing(1, { engine: "openssl" });
    expect(ring.engine).toMatch(/^OpenSSL /);
    expect(ring.engine).toContain(process.versions.openssl.split("+")[0]);
    ring.close();
  });
});

describeWith("native encryption by the multi-buffer library", multiBuffer(), ({ crypto }) => {
  cryptoCases(crypto, {});

  test("passed its test against OpenSSL", () => {
    expect(crypto.createKeyRing(1).engine).toMatch(/^intel-ipsec-mb 1\./);
  });
});

function multiBuffer(): Peer<Backend> {
  const name = "ipsec-mb";
  if (!("found" in native)) return { name, lack: native.lack };
  const report = native.found.crypto
    .capabilities()
    .find((capability) => capability.name === "crypto.multi_buffer");
  if (report?.available === true) return { name, found: native.found };
  return { name, lack: report?.reason ?? "not reported" };
}
