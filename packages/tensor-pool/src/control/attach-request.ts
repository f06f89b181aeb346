import type { ShmAttachRequestDecoder } from "../messages/generated/driver.js";

/** What a client asks of a driver, as it was written: enumerations may be any number. spec/tensor-pool.md §13.2, §14.1 */
export interface AttachRequest {
  /** What the answer carries. */
  readonly correlationId: bigint;
  /** The stream; 0 or 4294967295 for one that the driver chooses. */
  readonly streamId: number;
  /** Who asks; 0 is nobody. */
  readonly clientId: number;
  /** One of `Role`, or something else. */
  readonly role: number;
  /** The layout that the client knows; 0 or 4294967295 for any. */
  readonly expectedLayoutVersion: number;
  /** One of `PublishMode`, or something else; `undefined` is absent. */
  readonly publishMode: number | undefined;
  /** One of `HugepagesPolicy`, or something else. */
  readonly requireHugepages: number;
  /** The node id that the client would like. */
  readonly desiredNodeId: number | undefined;
}

/** Copies the request under `from`. */
export function readAttachRequest(from: ShmAttachRequestDecoder): AttachRequest {
  return {
    correlationId: from.correlationId(),
    streamId: from.streamId(),
    clientId: from.clientId(),
    role: from.role(),
    expectedLayoutVersion: from.expectedLayoutVersion(),
    publishMode: from.publishMode(),
    requireHugepages: from.requireHugepages(),
    desiredNodeId: from.desiredNodeId(),
  };
}
