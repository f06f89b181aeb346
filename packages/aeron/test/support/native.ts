import { backend } from "@proj/native-io";
import type { Peer } from "@proj/peers";

/** The native backend: without it no memory is shared between processes. */
export const native: Peer<true> =
  backend.kind === "native"
    ? { name: "native", found: true }
    : { name: "native", lack: backend.reason };
