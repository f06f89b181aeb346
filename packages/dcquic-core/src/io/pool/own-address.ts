import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

/** Whether this host has an address, be its link ready or not: whether a socket can be bound to it. */
export function isOwnAddress(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    const answer = (isOwn: boolean): void => {
      socket.close();
      resolve(isOwn);
    };
    socket.once("error", (error) => answer(!isForeign(error)));
    socket.bind(0, address, () => answer(true));
  });
}

function isForeign(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "EADDRNOTAVAIL";
}
