import { isWireError, type RandomSource } from "@proj/wire-types";
import { viewOf } from "@proj/sbe";
import {
  decodeDiscoveryResponse,
  type DiscoveryResponse,
  type DiscoveryResponseResults,
  DiscoveryStatus,
  encodeDiscoveryRequest,
  TemplateId,
} from "../messages/generated/discovery.js";
import { HEADER_SLOT_BYTES } from "../region/layout.js";
import { MAX_DIMS } from "../region/slot-header.js";
import type { StreamFilter } from "./discovery-index.js";
import { isDiscovery, withPlainTags } from "./discovery-message.js";

/** A stream that was found. Its URIs are not to be mapped: attach to its driver. spec/tensor-pool.md §16 */
export type FoundStream = Omit<DiscoveryResponseResults, "tags"> & {
  /** What it is marked with. */
  readonly tags: readonly string[];
};

/** How a client asks. */
export interface DiscoveryClientOptions {
  /** Who asks. */
  readonly clientId: number;
  /** The channel on which answers come. */
  readonly responseChannel: string;
  /** The stream on which they come, not 0. */
  readonly responseStreamId: number;
  /** How long an answer is awaited, in nanoseconds; by default a second. */
  readonly timeoutNs?: bigint;
  /** How often the same is asked again meanwhile, in nanoseconds; by default 200 ms. */
  readonly retryNs?: bigint;
  /** Where the first request's number comes from. */
  readonly random: RandomSource;
}

/** How a request ended. */
export type DiscoveryEvent =
  | { readonly kind: "found"; readonly requestId: bigint; readonly streams: readonly FoundStream[] }
  | {
      readonly kind: "failed";
      readonly requestId: bigint;
      readonly status: DiscoveryStatus;
      readonly message: string;
    }
  | { readonly kind: "timedOut"; readonly requestId: bigint };

interface OpenRequest {
  readonly bytes: Uint8Array;
  readonly untilNs: bigint;
  nextSendNs: bigint;
}

/**
 * Asks which streams there are, any number of questions at a time. spec/tensor-pool.md §16
 *
 * A driver of it calls `transmit` and `tick` when `nextDeadlineNs()` has come, `receive` for each whole message of the
 * response stream, and then takes events.
 */
export class DiscoveryClient {
  readonly #options: DiscoveryClientOptions;
  readonly #open = new Map<bigint, OpenRequest>();
  readonly #events: DiscoveryEvent[] = [];
  #nextId: bigint;

  /** Asks nothing yet. */
  constructor(options: DiscoveryClientOptions) {
    this.#options = options;
    const bytes = options.random.fill(new Uint8Array(8));
    this.#nextId = viewOf(bytes).getBigUint64(0, true);
  }

  /** Begins to ask for streams; returns the request's number. */
  request(nowNs: bigint, filter: StreamFilter): bigint {
    const requestId = this.#nextId;
    this.#nextId = BigInt.asUintN(64, requestId + 1n);
    const { clientId, responseChannel, responseStreamId, timeoutNs } = this.#options;
    const { tags = [], dataSourceName = "", ...ids } = filter;
    const bytes = encodeDiscoveryRequest({
      ...ids,
      requestId,
      clientId,
      responseStreamId,
      responseChannel,
      tags: tags.map((tag) => ({ tag })),
      dataSourceName,
    });
    const untilNs = nowNs + (timeoutNs ?? 1_000_000_000n);
    this.#open.set(requestId, { bytes, untilNs, nextSendNs: nowNs });
    return requestId;
  }

  /** Offers what is due to `send`, which returns whether it was taken. */
  transmit(nowNs: bigint, send: (bytes: Uint8Array) => boolean): void {
    for (const open of this.#open.values()) {
      if (nowNs < open.nextSendNs || !send(open.bytes)) continue;
      open.nextSendNs = nowNs + (this.#options.retryNs ?? 200_000_000n);
    }
  }

  /** Takes a whole message of the response stream, whoever it is for; `bytes` are not kept. */
  receive(bytes: Uint8Array): void {
    if (!isDiscovery(bytes, TemplateId.DiscoveryResponse)) return;
    let response: DiscoveryResponse;
    try {
      response = decodeDiscoveryResponse(withPlainTags(bytes));
    } catch (error) {
      if (isWireError(error)) return;
      throw error;
    }
    const { requestId, status, results, errorMessage: message } = response;
    if (!this.#open.delete(requestId)) return;
    this.#events.push(
      status === DiscoveryStatus.OK
        ? { kind: "found", requestId, streams: newest(results.filter(isUsable)) }
        : { kind: "failed", requestId, status, message },
    );
  }

  /** Gives up what was not answered in time. */
  tick(nowNs: bigint): void {
    for (const [requestId, { untilNs }] of this.#open) {
      if (nowNs < untilNs) continue;
      this.#open.delete(requestId);
      this.#events.push({ kind: "timedOut", requestId });
    }
  }

  /** When `transmit` and `tick` are next due; `undefined` while nothing is asked. */
  nextDeadlineNs(): bigint | undefined {
    let next: bigint | undefined;
    for (const { untilNs, nextSendNs } of this.#open.values()) {
      const due = nextSendNs < untilNs ? nextSendNs : untilNs;
      if (next === undefined || due < next) next = due;
    }
    return next;
  }

  /** How a request ended, oldest first. */
  nextEvent(): DiscoveryEvent | undefined {
    return this.#events.shift();
  }
}

// A result that is wrong does not spoil the others.
function isUsable(result: DiscoveryResponseResults): boolean {
  const { payloadPools: pools } = result;
  return (
    result.driverControlChannel !== "" &&
    result.driverControlStreamId !== 0 &&
    result.headerSlotBytes === HEADER_SLOT_BYTES &&
    result.maxDims === MAX_DIMS &&
    pools.length > 0 &&
    pools.every(({ poolNslots }) => poolNslots === result.headerNslots)
  );
}

// Of several epochs of a stream of one driver the newest counts.
function newest(results: readonly DiscoveryResponseResults[]): FoundStream[] {
  const byKey = new Map<string, DiscoveryResponseResults>();
  for (const result of results) {
    const key = `${result.streamId} ${result.driverInstanceId}`;
    const known = byKey.get(key);
    if (known === undefined || result.epoch > known.epoch) byKey.set(key, result);
  }
  return [...byKey.values()].map(({ tags, ...rest }) => ({
    ...rest,
    tags: tags.map(({ tag }) => tag),
  }));
}
