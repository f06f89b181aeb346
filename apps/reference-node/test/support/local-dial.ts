import type { DialOptions } from "#src/dial.js";

/** Dials a node on this host without any secrets. */
export const localDial: DialOptions = {
  key: undefined,
  auth: undefined,
  tls: {},
  profile: "v0.2",
  codecPolicy: "Any",
  allowInsecure: false,
  sharedMemory: "auto",
  timeoutMs: 10_000,
};
