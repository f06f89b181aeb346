import type { DriverOptions } from "./driver-options.js";
import type { IpcPublication } from "./ipc-publication.js";
import type { DriverSubscription } from "./driver-subscription.js";

/** What happens to readers that may be left behind. */
export interface UntetheredActions {
  /** Tells a subscription that its image is gone. */
  leave(publication: IpcPublication, subscription: DriverSubscription): void;
  /** Takes its position from the publication, so that writers no longer wait for it. */
  drop(publication: IpcPublication, subscription: DriverSubscription): void;
  /** Joins it again where the others are. */
  rejoin(publication: IpcPublication, subscription: DriverSubscription): void;
}

interface Untethered {
  readonly publication: IpcPublication;
  readonly subscription: DriverSubscription;
  state: "active" | "lingering" | "resting";
  sinceMs: number;
}

/**
 * Readers with `tether=false`: one that falls behind does not hold the writers up for ever.
 *
 * ```
 *   active ──behind the window──▶ lingering ──▶ resting ──▶ active, where the others are
 *                                                  └─ rejoin=false ─▶ (gone)
 * ```
 * spec/aeron.md §11
 */
export class UntetheredReaders {
  readonly #options: DriverOptions;
  readonly #actions: UntetheredActions;
  #readers: Untethered[] = [];

  /** Starts with none. */
  constructor(options: DriverOptions, actions: UntetheredActions) {
    this.#options = options;
    this.#actions = actions;
  }

  /** Notes that such a subscription reads a publication. */
  add(publication: IpcPublication, subscription: DriverSubscription, nowMs: number): void {
    this.#readers.push({ publication, subscription, state: "active", sinceMs: nowMs });
  }

  /** Forgets a subscription that was closed. */
  removeSubscription(registrationId: bigint): void {
    this.#readers = this.#readers.filter(
      ({ subscription }) => subscription.registrationId !== registrationId,
    );
  }

  /** Forgets a publication that nobody reads any more. */
  removePublication(publication: IpcPublication): void {
    this.#readers = this.#readers.filter((each) => each.publication !== publication);
  }

  /** Does what is due. */
  check(nowMs: number): void {
    for (const reader of this.#readers) this.#check(reader, nowMs);
  }

  #check(reader: Untethered, nowMs: number): void {
    const { publication, subscription } = reader;
    const { untetheredWindowLimitMs, untetheredLingerMs, untetheredRestingMs } = this.#options;
    const passedMs = nowMs - reader.sinceMs;
    switch (reader.state) {
      case "active":
        if (publication.isWithinWindow(subscription.registrationId)) reader.sinceMs = nowMs;
        else if (passedMs >= untetheredWindowLimitMs) {
          this.#actions.leave(publication, subscription);
          reader.state = "lingering";
          reader.sinceMs = nowMs;
        }
        return;
      // Until then the client may still look at the log, which is not cleaned where it reads.
      case "lingering":
        if (passedMs < untetheredLingerMs) return;
        this.#actions.drop(publication, subscription);
        reader.state = "resting";
        reader.sinceMs = nowMs;
        return;
      case "resting":
        if (passedMs < untetheredRestingMs) return;
        this.#readers = this.#readers.filter((each) => each !== reader);
        if (subscription.rejoin && publication.state === "active") {
          this.#actions.rejoin(publication, subscription);
        }
    }
  }
}
