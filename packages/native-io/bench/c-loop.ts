import { compileLoop } from "./compile-loop.js";

/** What udp-loop.cc exports. */
export interface CLoop {
  /** Opens two sockets of the loopback interface for messages of `segments` datagrams. */
  open(segmentBytes: number, segments: number): void;
  /** Sends and receives four messages; the bytes that were received. */
  run(): number;
  /** Closes the sockets. */
  close(): void;
}

/** Compiles and loads the loop in C++ that JavaScript is measured against. */
export function loadCLoop(): CLoop {
  return compileLoop("udp-loop") as CLoop;
}
