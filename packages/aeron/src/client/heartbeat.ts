import { type CountersReader, CounterState, CounterType } from "../counters/counters-reader.js";
import { AeronError } from "../errors.js";
import type { AtomicBuffer } from "../memory/atomic-buffer.js";

/** Shows a driver that its client lives, in the counter that the driver made for it. spec/aeron.md §10 */
export class Heartbeat {
  readonly #counters: CountersReader;
  readonly #clientId: bigint;
  #counterId = -1;
  #record: AtomicBuffer | undefined;

  /** Looks for the counter when it first beats. */
  constructor(counters: CountersReader, clientId: bigint) {
    this.#counters = counters;
    this.#clientId = clientId;
  }

  /** Writes the time. @throws {@link AeronError} `aeron.client_timeout` when the counter is no longer this client's. */
  beat(nowMs: number): void {
    // The driver makes the counter when it has read the client's first command.
    this.#record ??= this.#find();
    if (this.#record === undefined) return;
    if (!this.#isOurs()) {
      throw new AeronError("aeron.client_timeout", "the driver has taken this client's counter");
    }
    this.#record.putLongRelease(0, BigInt(nowMs));
  }

  #find(): AtomicBuffer | undefined {
    const counterId = this.#counters.find(CounterType.clientHeartbeat, this.#clientId);
    if (counterId === undefined) return undefined;
    this.#counterId = counterId;
    return this.#counters.valueRecord(counterId);
  }

  #isOurs(): boolean {
    const counters = this.#counters;
    const id = this.#counterId;
    return (
      counters.state(id) === CounterState.allocated &&
      counters.typeId(id) === CounterType.clientHeartbeat &&
      counters.registrationId(id) === this.#clientId
    );
  }
}
