import { CodecId, JsonShareMeter } from "@proj/wire-types";

/** Running totals of one direction. */
export class DirectionTraffic {
  frames = 0;
  bytes = 0;
  messages = 0;
  errors = 0;
  /** Payload bytes of DATA on the wire, and those of them that were JSON. §15.4 */
  dataBytes = 0;
  jsonBytes = 0;
  /** Messages by body codec, without those since the codec changed last: see {@link DirectionTraffic.byCodec}. */
  readonly #byCodec = new Map<number, number>();
  #codec = 0;
  #ofCodec = 0;
  /** NACK and ERROR frames by number on the wire. */
  readonly byError: Map<number, number> = new Map();
  /** Brought up to date by {@link DirectionTraffic.sample}. §15.4 */
  readonly share: JsonShareMeter = new JsonShareMeter();
  #sampledData = 0;
  #sampledJson = 0;

  /** Counts one whole message. */
  countMessage(bodyCodec: number): void {
    this.messages++;
    if (bodyCodec !== this.#codec) this.#switchCodec(bodyCodec);
    this.#ofCodec++;
  }

  /** Messages by body codec. */
  byCodec(): ReadonlyMap<number, number> {
    this.#switchCodec(this.#codec);
    return this.#byCodec;
  }

  /** Counts payload bytes of DATA on the wire: two additions, as every frame does it. */
  countData(bodyCodec: number, bytes: number): void {
    this.dataBytes += bytes;
    if (bodyCodec === CodecId.JSON) this.jsonBytes += bytes;
  }

  /** Puts the DATA bytes since the last call into the window of the JSON share. */
  sample(nowUs: number): void {
    const data = this.dataBytes - this.#sampledData;
    if (data === 0) return;
    this.share.add(nowUs, data, this.jsonBytes - this.#sampledJson);
    this.#sampledData = this.dataBytes;
    this.#sampledJson = this.jsonBytes;
  }

  /** Counts one NACK or ERROR. */
  countError(wire: number): void {
    this.errors++;
    this.byError.set(wire, (this.byError.get(wire) ?? 0) + 1);
  }

  #switchCodec(bodyCodec: number): void {
    if (this.#ofCodec > 0) {
      this.#byCodec.set(this.#codec, (this.#byCodec.get(this.#codec) ?? 0) + this.#ofCodec);
    }
    this.#codec = bodyCodec;
    this.#ofCodec = 0;
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
