import { describe, expect, test } from "@jest/globals";
import { Flag, MsgType } from "#src/wire/constants.js";
import { decodeErrorBody } from "#src/wire/control.js";
import { XcpCodes } from "@proj/xcp-framing";
import { parseHex } from "@proj/wire-types";
import { RawPeer } from "../support/raw-peer.js";
import { body, data, deliver, nothing, responder } from "../support/raw-responder.js";

describe("§3 frames", () => {
  test("a wrong magic closes without an answer", () => {
    const peer = responder();
    peer.sendBytes(parseHex("a9a17a100200600000000000"));
    expect(peer.frames()).toEqual([]);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.bad_magic");
  });

  test("a major version above 0 is answered with one ERROR frame and a close", () => {
    const peer = new RawPeer("responder");
    peer.sendBytes(parseHex("107aa1a91000380000000000"));
    const frames = peer.frames();
    expect(frames.map((frame) => frame.header.msgType)).toEqual([MsgType.ERROR]);
    expect(frames[0]?.ver).toBe(2);
    const error = decodeErrorBody(frames[0]?.payload ?? nothing, 8);
    expect(error.errorCode).toBe(XcpCodes["xcp.version_unsupported"].wire);
    expect(peer.session.phase).toBe("closed");
  });

  test("a flag whose feature was not negotiated is ERR_FLAGS_RESERVED", () => {
    const peer = new RawPeer("responder", { features: { ackreq: false } });
    peer.hello();
    peer.send({ ...data, msgId: 2 }, body, Flag.ACKREQ);
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.flags_reserved");
  });

  test("a wrong CRC is NACKed with ERR_CRC_MISMATCH and reading goes on; three in 60 s close", () => {
    const peer = responder();
    const damaged = (msgId: number): Uint8Array => {
      const bytes = peer.encode({ ...data, msgId }, body).slice();
      bytes[bytes.length - 5] = 0xff;
      return bytes;
    };
    peer.sendBytes(damaged(2));
    expect(peer.nacks()[0]).toMatchObject({ msgId: 2, errorCode: 0x0104 });
    deliver(peer, 2);
    peer.advance(60_000_000);
    peer.sendBytes(damaged(3));
    peer.sendBytes(damaged(4));
    expect(peer.session.phase).toBe("open");
    peer.sendBytes(damaged(5));
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.crc_mismatch");
  });

  test("a frame above max_frame_bytes is NACKed and dropped, and the next one is read", () => {
    const peer = responder({ limits: { maxFrameBytes: 1000 } });
    peer.send({ ...data, msgId: 2 }, new Uint8Array(2000));
    expect(peer.nacks()[0]).toMatchObject({ msgId: 2, errorCode: 3 });
    deliver(peer, 3);
  });

  test("a stream that ends inside a frame is ERR_FRAME_TRUNCATED", () => {
    const peer = responder();
    peer.sendBytes(peer.encode({ ...data, msgId: 2 }, body).subarray(0, 30));
    peer.session.receiveEnd(peer.time.nowUs());
    peer.pump();
    expect(peer.of("closed")[0]?.error?.code).toBe("xcp.frame_truncated");
  });
});
