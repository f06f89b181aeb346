export { loadSchemaFolder, type SchemaFolder, sha256Node } from "./schema-files.js";

export { PosixShm, type PosixShmOptions, type ShmEntry, type ShmReadOptions } from "./posix-shm.js";
export { SameHostProof, type ShmProbeObject, type ShmProbeOffer } from "./same-host-proof.js";
export { DEFAULT_LEASE_MS, type ShmLease, ShmOutbox, type ShmOutboxOptions } from "./shm-outbox.js";
export { ShmInbox, type ShmInboxOptions } from "./shm-inbox.js";
export { sweepShm, type SweepResult } from "./shm-sweep.js";
