import { formatShmUri, isWireError } from "@proj/wire-types";
import { decodeAnnounce } from "../announce/announce.js";
import { ControlAdapter } from "../control/control-adapter.js";
import {
  decodeDiscoveryRequest,
  type DiscoveryRequest,
  type DiscoveryResponseResults,
  DiscoveryStatus,
  encodeDiscoveryResponse,
  TemplateId,
} from "../messages/generated/discovery.js";
import { HEADER_SLOT_BYTES, LAYOUT_VERSION } from "../region/layout.js";
import { MAX_DIMS } from "../region/slot-header.js";
import { DiscoveryIndex, type IndexedStream } from "./discovery-index.js";
import { isDiscovery, withPlainTags } from "./discovery-message.js";

/** Who a provider speaks for, and whom it answers. */
export interface DiscoveryProviderOptions {
  /** The driver whose streams are found. */
  readonly driverInstanceId: string;
  /** Where that driver is attached to: the channel. */
  readonly driverControlChannel: string;
  /** The stream. */
  readonly driverControlStreamId: number;
  /** How often streams are announced, in nanoseconds. */
  readonly announcePeriodNs: bigint;
  /** Results that one answer may have. */
  readonly maxResults: number;
  /** What channels that are answered to begin with: nobody can make the provider send anywhere else. */
  readonly allowedChannelPrefixes: readonly string[];
}

/** An answer, and where it goes. */
export interface DiscoveryReply {
  /** The channel that the request named. */
  readonly channel: string;
  /** The stream that it named. */
  readonly streamId: number;
  /** The answer's bytes, its own. */
  readonly bytes: Uint8Array;
  /** What goes out instead where the answer is too long for the channel. */
  readonly tooLong: Uint8Array;
}

/** What a provider has counted. */
export interface DiscoveryCounters {
  /** Requests that were answered, with an error too. */
  answered: number;
  /** Requests that nobody can be answered. */
  dropped: number;
  /** Messages of discovery that were none. */
  malformed: number;
}

const MAX_CHANNEL = 1_024;
const MAX_TEXT = 1_024;
const AERON_CHANNEL = /^aeron:(?:ipc|udp)(?:\?[!-~]*)?$/;

/**
 * Answers which streams there are. It never grants access: who finds a stream attaches to its driver. spec/tensor-pool.md §16
 */
export class DiscoveryProvider {
  /** What it has counted. */
  readonly counters: DiscoveryCounters = { answered: 0, dropped: 0, malformed: 0 };
  /** The streams it knows. */
  readonly index: DiscoveryIndex;
  readonly #options: DiscoveryProviderOptions;
  readonly #metadata: ControlAdapter;
  readonly #replies: DiscoveryReply[] = [];

  /** Knows nothing yet. */
  constructor(options: DiscoveryProviderOptions) {
    this.#options = options;
    this.index = new DiscoveryIndex(options.announcePeriodNs);
    this.#metadata = new ControlAdapter({
      handlers: {
        dataSourceAnnounce: ({ streamId, name }) => {
          this.index.named(streamId, name);
        },
      },
    });
  }

  /** Takes a message of the announce stream; `realtimeNs` is wall-clock time, for announces of that clock. */
  receiveAnnounce(
    nowNs: bigint,
    realtimeNs: bigint,
    view: DataView,
    offset: number,
    length: number,
  ): void {
    try {
      const layout = decodeAnnounce(view, offset, length);
      if (typeof layout === "string") return;
      this.index.announced(layout, layout.clock === "monotonic" ? nowNs : realtimeNs, nowNs);
    } catch (error) {
      if (!isWireError(error)) throw error;
    }
  }

  /** Takes a message of the metadata stream. */
  receiveMetadata(view: DataView, offset: number, length: number): void {
    this.#metadata.receive(view, offset, length);
  }

  /** Takes a message of the request stream; `bytes` are not kept. */
  receiveRequest(bytes: Uint8Array): void {
    if (!isDiscovery(bytes, TemplateId.DiscoveryRequest)) return;
    let request: DiscoveryRequest;
    try {
      request = decodeDiscoveryRequest(withPlainTags(bytes));
    } catch (error) {
      if (!isWireError(error)) throw error;
      this.counters.malformed++;
      return;
    }
    if (this.#mayAnswer(request)) this.#answer(request);
    else this.counters.dropped++;
  }

  /** Forgets streams that are silent. */
  tick(nowNs: bigint): void {
    this.index.tick(nowNs);
  }

  /** The answer that goes out next, taken. */
  nextReply(): DiscoveryReply | undefined {
    return this.#replies.shift();
  }

  #mayAnswer({ responseChannel: channel, responseStreamId }: DiscoveryRequest): boolean {
    return (
      responseStreamId !== 0 &&
      channel.length <= MAX_CHANNEL &&
      AERON_CHANNEL.test(channel) &&
      this.#options.allowedChannelPrefixes.some((prefix) => channel.startsWith(prefix))
    );
  }

  #answer(request: DiscoveryRequest): void {
    const { requestId, responseChannel: channel, responseStreamId: streamId } = request;
    const { maxResults } = this.#options;
    const tags = request.tags.map(({ tag }) => tag);
    const found = this.index.find({ ...request, tags }, maxResults);
    const error = (message: string): Uint8Array =>
      encodeDiscoveryResponse({
        requestId,
        status: DiscoveryStatus.ERROR,
        results: [],
        errorMessage: message.slice(0, MAX_TEXT),
      });
    const bytes =
      found.length > maxResults
        ? error(`more than ${maxResults} streams match: ask for fewer`)
        : encodeDiscoveryResponse({
            requestId,
            status: DiscoveryStatus.OK,
            results: found.map((stream) => this.#result(stream)),
            errorMessage: "",
          });
    const tooLong = error(`${found.length} streams match, too many for one message`);
    this.#replies.push({ channel, streamId, bytes, tooLong });
    this.counters.answered++;
  }

  #result({ layout, name, tags, dataSourceId }: IndexedStream): DiscoveryResponseResults {
    const { driverInstanceId, driverControlChannel, driverControlStreamId } = this.#options;
    return {
      streamId: layout.streamId,
      producerId: layout.producerId,
      epoch: layout.epoch,
      layoutVersion: LAYOUT_VERSION,
      headerNslots: layout.nslots,
      headerSlotBytes: HEADER_SLOT_BYTES,
      maxDims: MAX_DIMS,
      dataSourceId,
      driverControlStreamId,
      payloadPools: layout.pools.map(({ poolId, strideBytes, uri }) => ({
        poolId,
        poolNslots: layout.nslots,
        strideBytes,
        regionUri: formatShmUri(uri),
      })),
      tags: tags.map((tag) => ({ tag })),
      headerRegionUri: formatShmUri(layout.ring),
      dataSourceName: name,
      driverInstanceId,
      driverControlChannel,
    };
  }
}
