import { expect } from "@jest/globals";
import {
  type ArrowCodec,
  arrowCodec,
  createEther,
  type Ether,
  type EtherInit,
  equalValues,
  type ValueMap,
} from "@proj/ether-codecs";

/** Makes one Ether of kind `sample` per payload. */
export function samples(
  payloads: readonly ValueMap[],
  rest: Partial<EtherInit> = {},
): readonly Ether[] {
  return payloads.map((payload) => createEther({ kind: "sample", ...rest, payload }));
}

/** Encodes and decodes. */
export function roundTrip(
  ethers: readonly Ether[],
  codec: Pick<ArrowCodec, "encode" | "decode"> = arrowCodec,
): readonly Ether[] {
  return codec.decode(codec.encode(ethers, {}).body, {});
}

/** Checks that two lists of Ethers mean the same; a null counts as missing. */
export function expectSame(found: readonly Ether[], wanted: readonly Ether[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, ether] of found.entries()) {
    const other = wanted[i];
    expect({ kind: ether.kind, version: ether.schemaVersion }).toEqual({
      kind: other?.kind,
      version: other?.schemaVersion,
    });
    for (const part of ["payload", "metadata", "extraFields"] as const) {
      const same = equalValues(ether[part], withoutNulls(other?.[part] ?? {}, part));
      expect({ i, part, same, found: ether[part], wanted: other?.[part] }).toMatchObject({
        same: true,
      });
    }
    expect(ether.attachments).toEqual(other?.attachments);
  }
}

function withoutNulls(map: ValueMap, part: string): ValueMap {
  if (part !== "payload") return map;
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));
}

/** The payload of an Ether that must be there. */
export function payloadOf(ether: Ether | undefined): ValueMap {
  if (ether === undefined) throw new Error("no Ether");
  return ether.payload;
}
