import { type Backend, backend } from "@proj/native-io";
import type { Peer } from "@proj/peers";

/** The native backend, where this machine has one. */
export const native: Peer<Backend> =
  backend.kind === "native"
    ? { name: "native", found: backend }
    : { name: "native", lack: backend.reason };
