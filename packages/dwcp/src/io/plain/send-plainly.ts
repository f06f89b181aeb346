import { connect } from "node:net";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { DwcpError } from "../../errors.js";
import { LEAF_BYTES } from "../../hde/content-id.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { PeerAddress } from "../net/link-options.js";
import { hashLeaves } from "../transfer/leaf-hasher.js";
import { openSendSource, type SendFrom } from "../transfer/send-source.js";
import type { Spool } from "../transfer/spool.js";
import {
  encodePlainHeader,
  isSameProof,
  NONCE_BYTES,
  PLAIN_MAGIC,
  PROOF_BYTES,
  proofOf,
} from "./plain-header.js";
import { SocketReader } from "./socket-reader.js";

/** An object that goes plainly. */
export interface PlainRequest {
  readonly key: string;
  readonly generation?: number | undefined;
  readonly from: SendFrom | Spool;
}

/** How it goes. */
export interface PlainOptions {
  readonly platform: HdePlatform;
  /** What both sides know; empty without security. */
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
}

/** What it came to. */
export interface PlainResult {
  readonly rootHash: string;
  readonly rawBytes: number;
  readonly wireBytes: number;
}

const PIECE_BYTES = 1_048_576;

/**
 * Sends an object over one connection, whole and uncompressed, to a side that takes plain transfers.
 *
 * @throws DwcpError `dwcp.timeout`, `dwcp.session_lost`, `dwcp.auth_failed`, `dwcp.integrity`, `dwcp.source_changed`
 */
export async function sendPlainly(
  peer: PeerAddress,
  request: PlainRequest,
  { platform, secret, timeoutMs }: PlainOptions,
): Promise<PlainResult> {
  const object = openSendSource(request.from);
  const socket = connect({ ...peer, timeout: timeoutMs });
  socket.on("error", () => undefined);
  socket.on("timeout", () => socket.destroy());
  try {
    const { source, spool } = object;
    // A plain header says the length first.
    await spool?.whole();
    const { root } = await hashLeaves({ source, leafBytes: LEAF_BYTES, platform });
    const header = encodePlainHeader({
      key: request.key,
      generation: request.generation ?? 0,
      length: source.length,
      transferId: randomBytes(16).toString("hex"),
      rootHash: root,
    });
    const reader = new SocketReader(socket);
    socket.write(PLAIN_MAGIC);
    const nonce = await reader.exactly(NONCE_BYTES);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(header.length);
    socket.write(Buffer.concat([length, header, proofOf("sender", secret, nonce, header)]));
    for (let at = 0; at < source.length; at += PIECE_BYTES) {
      const piece = source.read(at, Math.min(PIECE_BYTES, source.length - at));
      if (!socket.write(piece) && socket.writable) {
        await Promise.race([once(socket, "drain"), once(socket, "close")]);
      }
    }
    object.check();
    const answer = await reader.exactly(PROOF_BYTES);
    if (!isSameProof(answer, proofOf("receiver", secret, nonce, header))) {
      throw new DwcpError("dwcp.auth_failed", "the peer does not prove that it has the object");
    }
    return { rootHash: root, rawBytes: source.length, wireBytes: socket.bytesWritten };
  } finally {
    socket.destroy();
    object.close();
  }
}
