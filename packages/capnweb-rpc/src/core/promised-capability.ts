import { PendingCapability } from "./pending-capability.js";

/**
 * What a promise of the application resolves to. It is given back a microtask after the last reference is: an
 * application that disposes in the turn of a call sees the call first, then the disposal, as with the reference.
 */
export class PromisedCapability extends PendingCapability {
  override destroy(): void {
    if (this.resolution === undefined) return super.destroy();
    queueMicrotask(() => super.destroy());
  }
}
