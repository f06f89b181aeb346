import { expect, test } from "@jest/globals";
import { FrameType } from "#src/wire/constants.js";
import { encodeSecretControl } from "#src/wire/secret-control.js";
import { RawPeer } from "../support/raw-peer.js";

const ping = (peer: RawPeer): Uint8Array => peer.seal((writer) => writer.u8(FrameType.Padding));

test("D-33: a packet under a path of another worker is kept for it whole, and answered by nobody else", () => {
  const [engine, elsewhere] = [new RawPeer(), new RawPeer().beside()];
  engine.engine.addForeignPath(elsewhere.credentialId, 3);
  const packet = ping(elsewhere);
  engine.deliver(packet);
  expect(engine.engine.nextForeign()).toEqual({ home: 3, address: 1, ecn: 0, datagram: packet });
  expect(engine.engine.nextForeign()).toBeUndefined();
  const { credentialId } = elsewhere;
  const token = new Uint8Array(16);
  const complaint = encodeSecretControl({ kind: "unknownPathSecret", credentialId, token });
  engine.deliver(complaint);
  expect(engine.engine.nextForeign()?.datagram).toEqual(complaint);
  expect(engine.of("unknownCredential")).toEqual([]);
  expect(engine.engine.counters.handedOver).toBe(2);
  engine.engine.removeForeignPath(credentialId);
  engine.deliver(ping(elsewhere));
  expect(engine.engine.nextForeign()).toBeUndefined();
  expect(engine.of("unknownCredential")).toHaveLength(1);
});

test("D-33: what nobody fetches is limited", () => {
  const [engine, elsewhere] = [new RawPeer(), new RawPeer().beside()];
  engine.engine.addForeignPath(elsewhere.credentialId, 1);
  for (let i = 0; i < 2000; i++) engine.deliver(ping(elsewhere));
  let kept = 0;
  while (engine.engine.nextForeign() !== undefined) kept += 1;
  expect(kept).toBe(1024);
});
