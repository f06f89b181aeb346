import { KeyHash } from "../sched/key-hash.js";
import { LinkedSet } from "../sched/linked-set.js";
import { BySlot } from "./by-slot.js";
import { EarlyMessages, type Offer } from "./early-messages.js";
import type { EnginePort } from "./engine-port.js";
import type { InboundMessage } from "./inbound.js";
import { Openings } from "./openings.js";
import type { Stream } from "./stream.js";
import { StreamNews } from "./stream-news.js";
import { StreamCloses } from "./stream-closes.js";
import { StreamTable } from "./stream-table.js";
import type { Submission } from "./submission.js";
import { TokenKeeper } from "./token-keeper.js";

/** What the parts of a stream layer share. */
export class LayerContext {
  /** The engine. */
  readonly port: EnginePort;
  /** Streams whose id is known. */
  readonly streams: StreamTable;
  /** Own streams whose opening message was sent, and whose opening transfer has no id yet. */
  readonly opening: LinkedSet<Stream> = new LinkedSet();
  /** What waits before it is opened. */
  readonly openings: Openings;
  /** Streams that peers opened with headers and whose request was not announced yet. */
  readonly unshown: Map<Stream, Offer> = new Map();
  /** What came before its stream was opened. */
  readonly early: EarlyMessages = new EarlyMessages();
  /** Tells of streams, where someone wants to know. */
  readonly news: StreamNews = new StreamNews();
  /** Own messages by their transfers. */
  readonly outgoing: BySlot<Submission> = new BySlot();
  /** Messages of peers by their transfers. */
  readonly incoming: BySlot<InboundMessage> = new BySlot();
  /** Sends closes. */
  readonly closes: StreamCloses;
  /** Settles tokens. */
  readonly tokens: TokenKeeper;

  /** Works on an engine that has no streams yet. */
  constructor(port: EnginePort) {
    this.port = port;
    this.streams = new StreamTable(new KeyHash(port.random));
    this.openings = new Openings((path) => port.roundTripUs(path));
    this.closes = new StreamCloses(port);
    this.tokens = new TokenKeeper(port);
  }
}
