import type { Client, Publication } from "@proj/aeron";
import { isWireError } from "@proj/wire-types";
import type { DiscoveryReply } from "../discovery/discovery-provider.js";
import { offerMessage } from "./message-poller.js";

/** After how long without a reply a publication is closed, in milliseconds. spec/tensor-pool.md §16 */
const IDLE_MS = 30_000;
/** How long a reply waits for whoever asked to be there, in milliseconds. */
const PATIENCE_MS = 1_000;
/** Endpoints that are answered at a time; who comes beyond them asks again. */
const MAX_PUBLICATIONS = 256;
/** Replies that wait for one endpoint. */
const MAX_WAITING = 16;

interface Endpoint {
  publication: Publication | undefined;
  readonly waiting: { readonly reply: DiscoveryReply; readonly untilMs: number }[];
  usedMs: number;
}

/** Publications to whoever asked, kept for a while. */
export class ReplyPublications {
  readonly #client: Client;
  readonly #endpoints = new Map<string, Endpoint>();
  #closed = false;

  /** Publishes through `client`. */
  constructor(client: Client) {
    this.#client = client;
  }

  /** How many endpoints it keeps. */
  get size(): number {
    return this.#endpoints.size;
  }

  /** Takes a reply; it goes out once its endpoint is there. @returns Whether there was room for it. */
  send(reply: DiscoveryReply, nowMs: number): boolean {
    const key = `${reply.streamId} ${reply.channel}`;
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      if (this.#endpoints.size >= MAX_PUBLICATIONS) return false;
      endpoint = { publication: undefined, waiting: [], usedMs: nowMs };
      this.#endpoints.set(key, endpoint);
      void this.#open(key, endpoint, reply);
    }
    if (endpoint.waiting.length >= MAX_WAITING) return false;
    endpoint.usedMs = nowMs;
    endpoint.waiting.push({ reply, untilMs: nowMs + PATIENCE_MS });
    return true;
  }

  /** Sends what can be sent, and closes what was not used for long. */
  turn(nowMs: number): void {
    for (const [key, endpoint] of this.#endpoints) {
      this.#flush(endpoint, nowMs);
      if (nowMs - endpoint.usedMs < IDLE_MS || endpoint.publication === undefined) continue;
      endpoint.publication.close();
      this.#endpoints.delete(key);
    }
  }

  /** Closes all. */
  close(): void {
    this.#closed = true;
    for (const { publication } of this.#endpoints.values()) publication?.close();
    this.#endpoints.clear();
  }

  // What the media driver refuses, a channel that it does not serve, answers nobody.
  async #open(key: string, endpoint: Endpoint, reply: DiscoveryReply): Promise<void> {
    try {
      const publication = await this.#client.addPublication(reply.channel, reply.streamId);
      if (this.#closed) publication.close();
      else endpoint.publication = publication;
    } catch (error) {
      this.#endpoints.delete(key);
      if (!isWireError(error)) throw error;
    }
  }

  #flush({ publication, waiting }: Endpoint, nowMs: number): void {
    if (publication === undefined) return;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const { bytes, tooLong } = first.reply;
      const fits = bytes.length <= publication.maxMessageLength;
      const sent = offerMessage(publication, fits ? bytes : tooLong) === "sent";
      if (!sent && nowMs < first.untilMs) return;
      waiting.shift();
    }
  }
}
