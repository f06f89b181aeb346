import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { command, describeWith } from "@proj/peers";
import { formatHex } from "@proj/wire-types";
import { decodeCapnpHeader, encodeCapnpHeader, type FrameHeader } from "@proj/xcp-framing";
import * as capnpTs from "capnp-ts";
import { type CapnpLibrary, headerCodec } from "../support/capnp-library.js";
import { golden } from "../support/golden.js";
import { sampleHeaders } from "../support/sample-headers.js";

const schema = fileURLToPath(new URL("../../capnp/frame-header.capnp", import.meta.url));

// Imported by its path: its type definitions do not compile against the library of today.
const require = createRequire(import.meta.url);
const capnpEs = (await import(pathToFileURL(require.resolve("capnp-es")).href)) as {
  readonly utils: object;
};

const libraries: readonly (readonly [string, CapnpLibrary])[] = [
  ["capnp-ts", { ...capnpTs, accessors: capnpTs.Struct }],
  [
    "capnp-es",
    { ...capnpEs, accessors: capnpEs.utils, Pointer: capnpEs.utils } as unknown as CapnpLibrary,
  ],
];

describe.each(libraries)("§4: %s", (_name, library) => {
  const codec = headerCodec(library);

  test.each(sampleHeaders)("reads our header %s, and we read its", (_what, header) => {
    expect(codec.decode(encodeCapnpHeader(header))).toEqual(header);
    expect(decodeCapnpHeader(codec.encode(header))).toEqual(header);
  });
});

/** A header in the text form of the `capnp` tool. */
function capnpText(header: FrameHeader): string {
  const { schemaKey: key } = header;
  const tags = header.tags.map(
    ({ key: name, val }) => `(key = ${JSON.stringify(name)}, val = ${JSON.stringify(val)})`,
  );
  const parts = [
    `channelId = ${header.channelId}`,
    `msgType = ${header.msgType}`,
    `bodyCodec = ${header.bodyCodec}`,
    `msgId = ${header.msgId}`,
    `inReplyTo = ${header.inReplyTo}`,
  ];
  if (key !== undefined) {
    const hash = key.hash128 === undefined ? "" : `, hash128 = 0x"${formatHex(key.hash128)}"`;
    parts.push(
      `schemaKey = (nsHash = ${key.nsHash}, kindId = ${key.kindId}, major = ${key.major}, minor = ${key.minor}${hash})`,
    );
  }
  if (tags.length > 0) parts.push(`tags = [${tags.join(", ")}]`);
  return `(${parts.join(", ")})`;
}

describeWith("§4: the capnp tool", command("capnp"), (capnp) => {
  test.each(sampleHeaders)(
    "writes our bytes for the header %s, and reads them",
    (_what, header) => {
      const ours = encodeCapnpHeader(header);
      const theirs = execFileSync(capnp, ["encode", schema, "FrameHeader"], {
        input: capnpText(header),
      });
      expect(formatHex(ours)).toBe(formatHex(theirs));
      const again = execFileSync(capnp, ["convert", "binary:text", schema, "FrameHeader"], {
        input: ours,
      });
      const encoded = execFileSync(capnp, ["encode", schema, "FrameHeader"], { input: again });
      expect(formatHex(encoded)).toBe(formatHex(ours));
    },
  );

  test.each(["hdr-multiseg", "hdr-doublefar", "hdr-evolved", "hdr-short", "hdr-null-root"])(
    "reads %s as we do",
    (id) => {
      const text = execFileSync(capnp, ["convert", "binary:text", schema, "FrameHeader"], {
        input: golden(id),
      });
      const theirs = execFileSync(capnp, ["encode", schema, "FrameHeader"], { input: text });
      expect(formatHex(theirs)).toBe(formatHex(encodeCapnpHeader(decodeCapnpHeader(golden(id)))));
    },
  );

  test("headers in several segments, as it writes them, are read", () => {
    for (const [, header] of sampleHeaders) {
      const spread = execFileSync(capnp, ["encode", "--segment-size=4", schema, "FrameHeader"], {
        input: capnpText(header),
      });
      if (spread.readUInt32LE(0) < 16) expect(decodeCapnpHeader(spread)).toEqual(header);
    }
  });
});
