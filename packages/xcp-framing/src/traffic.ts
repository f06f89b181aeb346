import { CodecShare } from "./codec-share.js";

/** Running totals of one direction. */
export class DirectionTraffic {
  frames = 0;
  bytes = 0;
  messages = 0;
  errors = 0;
  /** Messages by body codec. */
  readonly byCodec: Map<number, number> = new Map();
  /** NACK and ERROR frames by number on the wire. */
  readonly byError: Map<number, number> = new Map();
  /** §15.4 */
  readonly share: CodecShare = new CodecShare();

  /** Counts one whole message. */
  countMessage(bodyCodec: number): void {
    this.messages++;
    this.byCodec.set(bodyCodec, (this.byCodec.get(bodyCodec) ?? 0) + 1);
  }

  /** Counts one NACK or ERROR. */
  countError(wire: number): void {
    this.errors++;
    this.byError.set(wire, (this.byError.get(wire) ?? 0) + 1);
  }
}

/** Running totals of a connection, kept as plain numbers: reporters read them when they like. spec/xcp.md §21 */
export class Traffic {
  readonly sent: DirectionTraffic = new DirectionTraffic();
  readonly received: DirectionTraffic = new DirectionTraffic();
  duplicates = 0;
  retransmissions = 0;
  crcErrors = 0;
}
