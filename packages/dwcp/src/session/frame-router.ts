import { DwcpError, dwcpCodeOf } from "../errors.js";
import { decodeAck } from "../wire/ack.js";
import { type ControlMessage, decodeControlMessage } from "../wire/control-message.js";
import type { Frame } from "../wire/frame-reader.js";
import { FrameType } from "../wire/frame-type.js";
import type { ErrorMessage } from "../wire/session-messages.js";
import type { LeavesMessage, SteeringMessage } from "../wire/transfer-messages.js";
import type { IncomingTransfers } from "./incoming-transfers.js";
import type { OutgoingTransfers } from "./outgoing-transfers.js";
import type { ReceivingSide } from "./receiving-side.js";
import type { SendingSide } from "./sending-side.js";
import type { SessionEvent } from "./session-events.js";
import type { SessionOptions } from "./session-options.js";
import type { StreamState } from "./stream-state.js";
import type { StreamTable } from "./stream-table.js";

const STEERED = { PAUSE: "paused", CONTINUE: "continued", CANCEL: "cancelled" } as const;

/** What frames lead to. */
export interface RoutedParts {
  readonly options: SessionOptions;
  readonly streams: StreamTable;
  readonly sending: SendingSide;
  readonly receiving: ReceivingSide;
  readonly outgoing: OutgoingTransfers;
  readonly incoming: IncomingTransfers;
  readonly tell: (event: SessionEvent) => void;
  /** Ends the session. */
  readonly close: (error: DwcpError) => void;
  /** Ends a stream. */
  readonly kill: (nowUs: number, stream: StreamState, error: DwcpError) => void;
}

/** Brings each frame of a session to the part of it that it concerns. spec/dwcp.md B2 */
export class FrameRouter {
  readonly #parts: RoutedParts;

  constructor(parts: RoutedParts) {
    this.#parts = parts;
  }

  /**
   * Takes a frame.
   *
   * @throws {@link DwcpError} for what its stream does not survive.
   */
  take(nowUs: number, stream: StreamState, frame: Frame): void {
    const { limits, crc32 } = this.#parts.options;
    const { handle, payload } = frame;
    if (frame.type === FrameType.CHUNK) {
      const chunk = this.#parts.receiving.arrived(nowUs, handle, payload, stream.index);
      if (chunk !== undefined) this.#parts.tell({ kind: "unitArrived", handle, chunk });
    } else if (frame.type === FrameType.CHUNK_AT) {
      const unit = this.#parts.receiving.announced(handle, payload);
      const streamIndex = stream.index;
      if (unit === undefined) return;
      this.#parts.tell({ kind: "unitAnnounced", handle, streamIndex, unit });
    } else if (frame.type === FrameType.ACK) {
      const done = this.#parts.sending.acknowledged(nowUs, handle, decodeAck(payload));
      if (done !== undefined) this.#parts.outgoing.arrived(done);
    } else {
      const message = decodeControlMessage(frame.type, payload, limits, crc32);
      this.#obey(nowUs, stream, handle, message);
    }
  }

  #obey(nowUs: number, stream: StreamState, handle: number, message: ControlMessage): void {
    switch (message.kind) {
      case "PING":
        this.#parts.streams.say(
          { kind: "PONG", opaque: message.opaque, holdUs: 0 },
          0,
          stream.index,
        );
        break;
      case "PONG":
        break;
      case "CREDIT":
        this.#parts.sending.credit.raise(message.limit);
        break;
      case "GOAWAY":
        this.#parts.tell({ kind: "goingAway", reason: message.reason });
        break;
      case "ERROR":
        this.#obeyError(nowUs, stream, handle, message);
        break;
      case "OFFER":
        this.#parts.incoming.offered(message);
        break;
      case "FIN":
        this.#parts.incoming.finished(handle, message.rootHash, message.rawLength);
        break;
      case "ACCEPT":
        this.#parts.outgoing.accepted(message);
        break;
      case "REJECT":
        this.#parts.outgoing.rejected(message);
        break;
      case "NACK":
        this.#parts.outgoing.refused(handle, message.unitId, message.reason);
        break;
      case "VERIFIED":
      case "COMMITTED":
        this.#parts.outgoing.outcome(message.kind, message.transferId, message.rootHash);
        break;
      case "REPAIR":
        this.#parts.outgoing.repair(handle, message.leaves);
        break;
      case "LEAVES":
        this.#leaves(handle, message);
        break;
      case "PAUSE":
      case "CONTINUE":
      case "CANCEL":
        this.#steered(handle, message);
        break;
      case "BASELINE_QUERY":
      case "BASELINE_STATE":
      case "BASELINE_DROP":
      case "DICT_OFFER":
      case "DICT_STATE":
      case "DICT_DATA":
        this.#parts.tell({ kind: "storeMessage", message });
        break;
      case "ROUND":
      case "SWITCHOVER":
        this.#parts.tell({ kind: "migrationMessage", message });
        break;
      case "MEMORY":
        this.#parts.receiving.requireMemory();
        this.#parts.tell({ kind: "memoryOpened", message });
        break;
      case "HELLO":
      case "WELCOME":
      case "AUTH":
      case "AUTH_OK":
      case "ATTACH":
      case "ATTACHED":
        throw new DwcpError("dwcp.protocol", `${message.kind} on an attached stream`);
    }
  }

  #leaves(handle: number, { first, count, digests }: LeavesMessage): void {
    const sent = this.#parts.sending.get(handle);
    const received = this.#parts.receiving.get(handle);
    if (sent !== undefined && digests === undefined)
      this.#parts.outgoing.leavesAsked(sent, first, count);
    if (received !== undefined && digests !== undefined) {
      this.#parts.incoming.leavesGiven(received, first, digests);
    }
  }

  #steered(handle: number, message: SteeringMessage): void {
    const sent = this.#parts.sending.get(handle);
    const received = this.#parts.receiving.get(handle);
    if (sent !== undefined) this.#parts.outgoing.steeredBy(sent, message);
    if (received !== undefined) this.#parts.incoming.steeredBy(received, message);
    const transferId = (sent ?? received)?.offer.transferId;
    if (transferId === undefined) return;
    this.#parts.tell({ kind: STEERED[message.kind], transferId, reason: message.reason });
  }

  #obeyError(nowUs: number, stream: StreamState, handle: number, message: ErrorMessage): void {
    const error = new DwcpError(dwcpCodeOf(message.code) ?? "dwcp.protocol", message.text);
    if (message.scope === "session") {
      this.#parts.close(error);
    } else if (message.scope === "stream" && error.code === "dwcp.stream_limit") {
      // It takes and acknowledges what is under way.
      stream.phase = "closing";
      this.#parts.tell({ kind: "streamUnwanted", streamIndex: stream.index });
    } else if (message.scope === "stream") {
      this.#parts.kill(nowUs, stream, error);
    } else {
      const sent = this.#parts.sending.get(handle);
      const received = this.#parts.receiving.get(handle);
      if (sent !== undefined) this.#parts.outgoing.failed(sent, error);
      if (received !== undefined) this.#parts.incoming.failed(received, error);
    }
  }
}
