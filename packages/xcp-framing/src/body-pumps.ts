import { BodyPump, type BodyPumpTarget } from "./body-pump.js";
import { BodySource } from "./body-source.js";
import type { SessionDriver } from "./session-driver.js";
import type { Transfer } from "./transfer.js";

/** The streamed bodies of one connection that are on their way out. */
export class BodyPumps {
  readonly #target: BodyPumpTarget;
  readonly #pumps = new Map<Transfer, BodyPump>();

  constructor(driver: SessionDriver) {
    this.#target = {
      push(transfer, piece) {
        driver.session.pushBody(driver.now(), transfer, piece);
        driver.flushSoon();
      },
      end(transfer) {
        driver.session.endBody(driver.now(), transfer);
        driver.flushSoon();
      },
      cancel(transfer, error) {
        driver.session.cancel(driver.now(), transfer, error);
        driver.flushSoon();
      },
    };
  }

  /** Begins to read a body; `first` was read already. */
  start(
    transfer: Transfer,
    iterator: AsyncIterator<Uint8Array>,
    first?: IteratorResult<Uint8Array>,
  ): void {
    if (!(transfer.body instanceof BodySource)) return;
    const pump = new BodyPump(transfer, transfer.body, this.#target);
    this.#pumps.set(transfer, pump);
    void pump.run(iterator, first);
  }

  /** The transport took some of a body. */
  wanted(transfer: Transfer): void {
    this.#pumps.get(transfer)?.poke();
  }

  /** The transfer has its outcome: its body is read no further. */
  settled(transfer: Transfer): void {
    if (this.#pumps.size === 0) return;
    const pump = this.#pumps.get(transfer);
    this.#pumps.delete(transfer);
    pump?.poke();
  }
}
