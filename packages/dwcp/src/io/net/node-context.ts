import { randomFillSync } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import type { RandomSource } from "@proj/wire-types";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { DwcpLimits } from "../../limits.js";
import type { HandshakeContext } from "../../session/initiator-handshake.js";
import {
  type ConnectionSecurity,
  PLAIN_CONNECTION,
  type SessionSecurity,
} from "../../session/security.js";
import type { SessionTuning } from "../../session/session-options.js";
import type { StreamCeiling } from "../../session/stream-ceiling.js";
import { Codec } from "../../wire/codec.js";
import type { Capabilities } from "../../wire/session-messages.js";
import { nodeDigests } from "../node-digests.js";
import type { Verification } from "../transfer/verification.js";
import type { PayloadPool } from "./payload-pool.js";
import type { CongestionControl } from "./tune-socket.js";

/** What all sessions of a node share. */
export interface NodeContext {
  readonly nodeId: string;
  readonly security: SessionSecurity;
  readonly tuning: SessionTuning;
  readonly limits: DwcpLimits;
  readonly platform: HdePlatform;
  /** Memory for what comes in. */
  readonly payloads: PayloadPool;
  /** Of one session. */
  readonly maxStreams: number;
  /** Of all sessions. */
  readonly ceiling: StreamCeiling;
  readonly sessionTtlMs: number;
  readonly congestionControl: CongestionControl;
  readonly verification: Verification;
  /** Whether units may be read from memory on connections without TLS, which would not protect them there. */
  readonly hasRma: boolean;
}

/** Monotonic time, in µs. */
export function nowUs(): number {
  return performance.now() * 1000;
}

/** The system's randomness. */
export const systemRandom: RandomSource = { fill: (into) => randomFillSync(into) };

/** What a handshake on this socket needs. */
export function handshakeContext(context: NodeContext, socket: Socket): HandshakeContext {
  const connection = securityOf(socket);
  return {
    nodeId: context.nodeId,
    capabilities: capabilitiesOf(context, connection),
    security: context.security,
    connection,
    digests: nodeDigests,
    random: systemRandom,
  };
}

function securityOf(socket: Socket): ConnectionSecurity {
  if (!("encrypted" in socket)) return PLAIN_CONNECTION;
  const tls = socket as TLSSocket;
  return {
    tls: true,
    peerAuthenticated: tls.authorized,
    exportKey: (length, label) => tls.exportKeyingMaterial(length, label, Buffer.alloc(0)),
  };
}

function capabilitiesOf(context: NodeContext, connection: ConnectionSecurity): Capabilities {
  const { limits, tuning, maxStreams, security } = context;
  return {
    codecs: Object.values(Codec),
    hashes: ["sha-256"],
    pageSizes: [4_096],
    maxFrameBytes: limits.maxFrameBytes,
    maxUnitRawBytes: limits.maxUnitRawBytes,
    maxWindowLog: limits.maxWindowLog,
    maxStreams,
    creditBytes: tuning.creditBytes,
    resume: true,
    tls: connection.tls,
    auth: [security.mode],
    levels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    providers: connection.tls ? ["tls"] : context.hasRma ? ["tcp", "rdma"] : ["tcp"],
  };
}
