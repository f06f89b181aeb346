import { DwcpError } from "../../errors.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import { type RoundInfo, roundOf } from "../../migration/round-offer.js";
import type { OfferMessage } from "../../wire/transfer-messages.js";
import type { SessionHost } from "../net/session-host.js";
import type { PayloadPool } from "../net/payload-pool.js";
import type { ObjectStore, StoredObject } from "../store/object-store.js";
import type { HdePool } from "../workers/hde-pool.js";
import { type Received } from "./receive-job-context.js";
import { ReceiveJob } from "./receive-job.js";
import { storeErrorOf } from "./refusal-reason.js";
import type { UsedDictionary } from "./unit-decoder.js";
import type { Verification } from "./verification.js";
import type { WorkTally } from "./work-tally.js";

interface Running {
  readonly job: ReceiveJob;
  readonly peerNodeId: string;
}

/** What the jobs of all sessions share. */
export interface InboxContext {
  readonly platform: HdePlatform;
  readonly payloads: PayloadPool;
  readonly pool: HdePool;
  readonly store: ObjectStore | undefined;
  readonly work: WorkTally;
  readonly dictionary: (id: string) => UsedDictionary | undefined;
  readonly received: Received;
  readonly verification: Verification;
}

/** Answers the offers of all sessions of a node. */
export class Inbox {
  readonly #context: InboxContext;
  readonly #running = new Map<string, Running>();
  // What whoever uses it has, as far as this process knows, and what is being handed on. Weak: nobody offers again what the store forgot.
  readonly #had = new WeakSet<StoredObject>();
  readonly #handing = new WeakMap<StoredObject, Promise<void>>();

  constructor(context: InboxContext) {
    this.#context = context;
  }

  /** Stops all jobs, and waits until their files are closed. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ job }) => job.close()));
  }

  /** Begins or goes on with a transfer; `undefined` when it was refused, or is over already. */
  async take(host: SessionHost, offer: OfferMessage): Promise<ReceiveJob | undefined> {
    const { incoming } = host.session;
    try {
      const { store } = this.#context;
      if (store === undefined) {
        throw new DwcpError("dwcp.unsupported", "this node has no store");
      }
      await this.#takeOver(host, offer);
      const done = store.committed(offer.transferId);
      if (done === undefined) return this.#begin(store, host, offer);
      // That may have failed while its sender was away, or a killed process had not come to it.
      await this.#hand(done, roundOf(offer));
      incoming.alreadyCommitted(offer, done.rootHash);
    } catch (error) {
      incoming.reject(offer, storeErrorOf(error));
    }
    return undefined;
  }

  // One after the other, until it is had once.
  async #hand(object: StoredObject, round: RoundInfo | undefined): Promise<void> {
    const before = this.#handing.get(object);
    const handed = (async () => {
      await before?.catch(() => undefined);
      if (this.#had.has(object)) return;
      await this.#context.received(object, round);
      this.#had.add(object);
    })();
    this.#handing.set(object, handed);
    await handed;
  }

  // A sender that was killed comes back in another session before this side has noticed.
  async #takeOver(host: SessionHost, { transferId }: OfferMessage): Promise<void> {
    const running = this.#running.get(transferId);
    if (running === undefined) return;
    if (running.peerNodeId !== host.session.options.identity.peerNodeId) {
      throw new DwcpError("dwcp.conflict", `${running.peerNodeId} sends this transfer`);
    }
    await running.job.close();
  }

  #begin(store: ObjectStore, host: SessionHost, offer: OfferMessage): ReceiveJob {
    const { session } = host;
    const { transferId } = offer;
    const job = new ReceiveJob({
      ...this.#context,
      received: (object, round) => this.#hand(object, round),
      session,
      store,
      offer,
      stirred: () => host.stir(),
      ended: () => {
        if (this.#running.get(transferId)?.job === job) this.#running.delete(transferId);
      },
    });
    const { peerNodeId } = session.options.identity;
    this.#running.set(transferId, { job, peerNodeId });
    return job;
  }
}
