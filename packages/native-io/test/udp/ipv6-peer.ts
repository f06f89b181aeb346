import type { Peer } from "@proj/peers";
import { networkInterfaces } from "node:os";

const loopbacks = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);

/** IPv6, where this machine has it at least for itself. */
export const ipv6: Peer<true> = loopbacks.some(({ address }) => address === "::1")
  ? { name: "ipv6", found: true }
  : { name: "ipv6", lack: "no interface has the address ::1" };
