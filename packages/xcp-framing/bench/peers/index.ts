import { grpc } from "./grpc.js";
import { http2 } from "./http2.js";
import { lengthPrefix } from "./length-prefix.js";
import type { EchoPeer } from "./peer.js";
import { protobufOverTcp } from "./protobuf.js";
import { rawNet } from "./raw-net.js";
import { websocket } from "./websocket.js";
import { xcp } from "./xcp.js";
import { xcpOver, xcpOverUnix } from "./xcp-over.js";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);

/** Every peer by the name that the tables use. */
export const peers: Readonly<Record<string, EchoPeer>> = {
  xcp: xcp(),
  "xcp, encrypted": xcp({ key, cryptPolicy: "required" }),
  "raw net": rawNet,
  "length prefix": lengthPrefix,
  "protobufjs/TCP": protobufOverTcp,
  ws: websocket,
  "HTTP/2": http2(4 * 1024 * 1024),
  // Of 16 calls of 1 MiB in wider windows Node 20 leaves some lying for ever.
  "HTTP/2, 256 KiB windows": http2(256 * 1024),
  gRPC: grpc,
  "XCP/TCP": xcpOver("xcp"),
  "XCP/Unix": xcpOverUnix,
  "XCP/TLS": xcpOver("xcps"),
  "XCP/WebSocket": xcpOver("ws"),
  "XCP/HTTP/2": xcpOver("h2c"),
};
