import { LAYOUT_VERSION } from "../region/layout.js";
import {
  Bool,
  type ConsumerConfig,
  type ConsumerHello,
  encodeConsumerHello,
  Mode,
} from "../messages/generated/wire.js";
import type { ProgressHint } from "../progress/progress-policy.js";
import type { OwnStream } from "./supervisor.js";

/** How often a consumer says hello, in nanoseconds. spec/tensor-pool.md §15 */
const HELLO_PERIOD_NS = 1_000_000_000n;

/** What a consumer wants. */
export interface ConsumerWishes {
  /** The stream. */
  readonly streamId: number;
  /** The consumer. */
  readonly consumerId: number;
  /** Whether it can map memory; by default it can. */
  readonly supportsShm?: boolean;
  /** At most so many frames a second; 0, the default, for all. */
  readonly maxRateHz?: number;
  /** What it wants to be told of frames being written; by default nothing. */
  readonly progress?: ProgressHint;
  /** Descriptors on a stream of its own; the id is a preference. */
  readonly descriptors?: OwnStream;
  /** Progress on a stream of its own. */
  readonly control?: OwnStream;
}

/** What a consumer has to do. */
export type ConsumerLinkAction =
  /** Subscribe to its own descriptors; the shared ones are read until `ownAvailable`. */
  | { readonly kind: "openDescriptors"; readonly stream: OwnStream }
  /** Subscribe to its own progress. */
  | { readonly kind: "openControl"; readonly stream: OwnStream }
  /** Read the shared descriptors alone again. */
  | { readonly kind: "closeDescriptors" }
  /** Read the shared progress again. */
  | { readonly kind: "closeControl" }
  /** Do without shared memory: payloads come from elsewhere, if the URI is not empty. */
  | { readonly kind: "fallBack"; readonly uri: string };

/**
 * A consumer's side of its supervisor: it says hello, and follows what it is given.
 *
 * ```
 *   shared ──config: own stream──▶ both ──ownAvailable()──▶ own ──config: declined──▶ shared
 * ```
 * While both are read nothing is missed, and what comes twice is dropped by its number. spec/tensor-pool.md §15
 */
export class ConsumerLink {
  readonly #wishes: ConsumerWishes;
  #consumerId: number;
  #nextHelloNs = 0n;
  #descriptors: OwnStream | undefined;
  #control: OwnStream | undefined;
  #reads: "shared" | "both" | "own" = "shared";
  #mode: Mode;
  #useShm = true;

  /** Starts on the shared streams. */
  constructor(wishes: ConsumerWishes) {
    this.#wishes = wishes;
    this.#consumerId = wishes.consumerId;
    this.#mode = (wishes.maxRateHz ?? 0) > 0 ? Mode.RATE_LIMITED : Mode.STREAM;
  }

  /** Its id at present. */
  get consumerId(): number {
    return this.#consumerId;
  }

  /** Which descriptors are read. */
  get reads(): "shared" | "both" | "own" {
    return this.#reads;
  }

  /** How frames come. */
  get mode(): Mode {
    return this.#mode;
  }

  /** Whether memory may be mapped. */
  get useShm(): boolean {
    return this.#useShm;
  }

  /** Whether this consumer has to keep to the rate itself, since its descriptors are everybody's. */
  get limitsItself(): boolean {
    return this.#mode === Mode.RATE_LIMITED && this.#reads !== "own";
  }

  /** Returns the hello that is due, if one is. */
  due(nowNs: bigint): Uint8Array | undefined {
    if (nowNs < this.#nextHelloNs) return undefined;
    this.#nextHelloNs = nowNs + HELLO_PERIOD_NS;
    return encodeConsumerHello(this.#hello());
  }

  /** Says hello again soon: the stream was mapped anew. */
  remapped(): void {
    this.#nextHelloNs = 0n;
  }

  /** Takes an answer; one for another consumer says nothing to this one. */
  configured(config: ConsumerConfig): readonly ConsumerLinkAction[] {
    const { streamId } = this.#wishes;
    if (config.streamId !== streamId || config.consumerId !== this.#consumerId) return [];
    this.#mode = config.mode;
    const actions: ConsumerLinkAction[] = [];
    if (this.#useShm && config.useShm === Bool.FALSE) {
      actions.push({ kind: "fallBack", uri: config.payloadFallbackUri });
    }
    this.#useShm = config.useShm === Bool.TRUE;
    const descriptors = ownStream(config.descriptorChannel, config.descriptorStreamId);
    const control = ownStream(config.controlChannel, config.controlStreamId);
    return [...actions, ...this.#readFrom(descriptors, control)];
  }

  /** Takes another id, since somebody else has this one, and what was given to it: hello is said anew. */
  renamed(consumerId: number): readonly ConsumerLinkAction[] {
    this.#consumerId = consumerId;
    this.#nextHelloNs = 0n;
    return this.#readFrom(undefined, undefined);
  }

  #readFrom(
    descriptors: OwnStream | undefined,
    control: OwnStream | undefined,
  ): ConsumerLinkAction[] {
    const actions: ConsumerLinkAction[] = [];
    if (!same(descriptors, this.#descriptors)) {
      this.#descriptors = descriptors;
      this.#reads = descriptors === undefined ? "shared" : "both";
      actions.push(
        descriptors === undefined
          ? { kind: "closeDescriptors" }
          : { kind: "openDescriptors", stream: descriptors },
      );
    }
    if (!same(control, this.#control)) {
      this.#control = control;
      actions.push(
        control === undefined ? { kind: "closeControl" } : { kind: "openControl", stream: control },
      );
    }
    return actions;
  }

  /** Notes that its own descriptors have begun to come: the shared ones may be left. */
  ownAvailable(): void {
    if (this.#reads === "both") this.#reads = "own";
  }

  /** Notes that they come no more. */
  ownUnavailable(): void {
    if (this.#reads === "own") this.#reads = "both";
  }

  #hello(): ConsumerHello {
    const { streamId, supportsShm = true, maxRateHz = 0, progress } = this.#wishes;
    const { descriptors, control } = this.#wishes;
    return {
      streamId,
      consumerId: this.#consumerId,
      supportsShm: supportsShm ? Bool.TRUE : Bool.FALSE,
      supportsProgress: progress === undefined ? Bool.FALSE : Bool.TRUE,
      mode: maxRateHz > 0 ? Mode.RATE_LIMITED : Mode.STREAM,
      maxRateHz,
      expectedLayoutVersion: LAYOUT_VERSION,
      progressIntervalUs: progress?.intervalUs,
      progressBytesDelta: progress?.bytesDelta,
      progressMajorDeltaUnits: progress?.majorUnits,
      descriptorStreamId: descriptors?.streamId ?? 0,
      controlStreamId: control?.streamId ?? 0,
      descriptorChannel: descriptors?.channel ?? "",
      controlChannel: control?.channel ?? "",
    };
  }
}

// A channel without an id, or an id without a channel, is nothing that could be subscribed to.
function ownStream(channel: string, streamId: number): OwnStream | undefined {
  return channel === "" || streamId === 0 ? undefined : { channel, streamId };
}

function same(a: OwnStream | undefined, b: OwnStream | undefined): boolean {
  return a?.channel === b?.channel && a?.streamId === b?.streamId;
}
