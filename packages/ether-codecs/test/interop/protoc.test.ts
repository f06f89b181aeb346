import { expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { decodeEtherProto, embeddingEther, encodeEtherProto } from "@proj/ether-codecs";
import { command, describeWith } from "@proj/peers";
import { goldenBytes } from "../golden.js";

const folder = fileURLToPath(new URL("../../proto", import.meta.url));

describeWith("protoc agrees on EtherProto", command("protoc"), (protoc) => {
  const run = (mode: string, input: Uint8Array | string): Buffer =>
    execFileSync(protoc, [`-I${folder}`, `--${mode}=xcp.EtherProto`, "ether.proto"], { input });

  test.each(["pb-ether", "pb-ether-text"])("%s decodes, and encodes to the same Ether", (id) => {
    const text = run("decode", goldenBytes(id)).toString();
    expect(text).toMatch(/^kind: "/);
    const again = decodeEtherProto(new Uint8Array(run("encode", text)));
    expect(again).toEqual(decodeEtherProto(goldenBytes(id)));
  });

  test("what we encode has the fields we mean", () => {
    const ether = embeddingEther([1, 2], {
      metadata: { trace_id: "t-1" },
      attachments: [{ id: "a", uri: "shm://a/b", shape: [1, 300], sizeBytes: 2 ** 40 }],
    });
    const text = run("decode", encodeEtherProto(ether)).toString();
    expect(text).toContain('kind: "embedding"\nschema_version: 1\n');
    expect(text).toContain('key: "trace_id"\n  value: "t-1"');
    expect(text).toContain("shape: 1\n  shape: 300\n");
    expect(text).toContain("size_bytes: 1099511627776");
    expect(decodeEtherProto(new Uint8Array(run("encode", text)))).toEqual(
      decodeEtherProto(encodeEtherProto(ether)),
    );
  });
});
