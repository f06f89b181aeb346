import type { Socket } from "node:net";
import type { Capability } from "../capability.js";
import type { Outcome } from "../outcome.js";
import type { TcpInfo } from "./tcp-info.js";

/**
 * Options of TCP sockets that Node opened and does not show. spec/dwcp.md B13
 *
 * A socket that is not connected yet, or not any more, has no descriptor: `EBADF`.
 */
export interface TcpTuning {
  /** Reports which options there are. */
  capabilities(): readonly Capability[];
  /** Tells the name of the congestion control, such as `cubic`. */
  congestionControl(socket: Socket): Outcome<string>;
  /** Chooses the congestion control. The system may know the name (`ENOENT`) and allow it (`EPERM`) or not. */
  setCongestionControl(socket: Socket, name: string): Outcome<string>;
  /** Reads what the kernel knows about the connection. */
  info(socket: Socket): Outcome<TcpInfo>;
  /**
   * Gives another descriptor of the same connection, for a socket of its own (`new Socket({ fd })`): one that reads into memory
   * of its owner's choice, which Node offers for connections that are made and not for those that are accepted. The caller
   * closes it, and destroys `socket` before anything is read from either.
   */
  duplicate(socket: Socket): Outcome<number>;
  /**
   * Limits what waits in the kernel without having been sent: above it the socket is not writable.
   *
   * @returns The limit in bytes as it was read back, as every setter of a size does.
   */
  setNotSentLowWater(socket: Socket, bytes: number): Outcome<number>;
  /** Asks for a size of the send buffer. Linux cuts it off at `net.core.wmem_max` and counts its own structures twice. */
  setSendBuffer(socket: Socket, bytes: number): Outcome<number>;
  /** The same for the receive buffer, at `net.core.rmem_max`. */
  setReceiveBuffer(socket: Socket, bytes: number): Outcome<number>;
  /** Limits the rate, in bytes per second; 0 for no limit. */
  setMaxPacingRate(socket: Socket, bytesPerSecond: number): Outcome<number>;
}
