import type { Socket } from "node:net";
import { available, type Capability, missing } from "../capability.js";
import { errnoName } from "../errors.js";
import { done, type Outcome, refused } from "../outcome.js";
import { parseTcpInfo, TCP_INFO_BYTES, type TcpInfo } from "./tcp-info.js";
import { TCP_COSTS } from "./tcp-costs.js";
import type { TcpTuning } from "./tcp-tuning.js";

/** What native/tcp.cc exports. Answers below zero are negative errnos. */
export interface TcpAddon {
  set(fd: number, option: number, value: number): number;
  get(fd: number, option: number): number;
  duplicate(fd: number): number;
  setCongestion(fd: number, name: string): number;
  congestion(fd: number): string | number;
  info(fd: number, into: Uint8Array): number;
}

// The numbers of native/tcp.cc.
const OPTIONS = { notSent: 0, sendBuffer: 1, receiveBuffer: 2, pacingRate: 3 } as const;

// What no algorithm's name is longer than.
const NAME_BYTES = 15;

/** Options by the descriptor that Node keeps to itself. */
export class NativeTcp implements TcpTuning {
  readonly #addon: TcpAddon;

  /** `addon` is the object that native/tcp.cc fills. */
  constructor(addon: TcpAddon) {
    this.#addon = addon;
  }

  /** Knows what the platforms offer; a single option may still be refused. */
  capabilities(): readonly Capability[] {
    const linux = process.platform === "linux";
    return Object.entries(TCP_COSTS).map(([name, { cost, everywhere }]) =>
      linux || everywhere
        ? available(name, "getsockopt and setsockopt")
        : missing(name, `not on ${process.platform}`, cost),
    );
  }

  congestionControl(socket: Socket): Outcome<string> {
    return withDescriptor(socket, (fd) => {
      const name = this.#addon.congestion(fd);
      return typeof name === "string" ? done(name) : refusedBy(name, "reading the algorithm");
    });
  }

  setCongestionControl(socket: Socket, name: string): Outcome<string> {
    return withDescriptor(socket, (fd) => {
      if (!/^[a-z0-9_-]+$/i.test(name) || name.length > NAME_BYTES) {
        return refused("ENOENT", "no algorithm has such a name");
      }
      const answer = this.#addon.setCongestion(fd, name);
      return answer < 0 ? refusedBy(answer, `choosing ${name}`) : this.congestionControl(socket);
    });
  }

  duplicate(socket: Socket): Outcome<number> {
    return withDescriptor(socket, (fd) => {
      const copy = this.#addon.duplicate(fd);
      return copy < 0 ? refusedBy(copy, "duplicating the descriptor") : done(copy);
    });
  }

  info(socket: Socket): Outcome<TcpInfo> {
    return withDescriptor(socket, (fd) => {
      const bytes = new Uint8Array(TCP_INFO_BYTES);
      const size = this.#addon.info(fd, bytes);
      return size < 0
        ? refusedBy(size, "reading the connection's state")
        : done(parseTcpInfo(bytes.subarray(0, size)));
    });
  }

  setNotSentLowWater(socket: Socket, bytes: number): Outcome<number> {
    return this.#set(socket, OPTIONS.notSent, bytes);
  }

  setSendBuffer(socket: Socket, bytes: number): Outcome<number> {
    return this.#set(socket, OPTIONS.sendBuffer, bytes);
  }

  setReceiveBuffer(socket: Socket, bytes: number): Outcome<number> {
    return this.#set(socket, OPTIONS.receiveBuffer, bytes);
  }

  setMaxPacingRate(socket: Socket, bytesPerSecond: number): Outcome<number> {
    if (bytesPerSecond > 0) return this.#set(socket, OPTIONS.pacingRate, bytesPerSecond);
    // The kernel writes "no limit" as the largest number.
    return this.#set(socket, OPTIONS.pacingRate, Number.MAX_SAFE_INTEGER);
  }

  #set(socket: Socket, option: number, value: number): Outcome<number> {
    return withDescriptor(socket, (fd) => {
      const answer = this.#addon.set(fd, option, value);
      if (answer < 0) return refusedBy(answer, `setting ${value}`);
      const set = this.#addon.get(fd, option);
      return set < 0 ? refusedBy(set, "reading back") : done(set);
    });
  }
}

// Node documents no descriptor of a socket, but every version has kept it here.
function withDescriptor<T>(socket: Socket, use: (fd: number) => Outcome<T>): Outcome<T> {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: unknown } | null };
  const fd = handle?.fd;
  if (typeof fd !== "number" || fd < 0) return refused("EBADF", "the socket is not open");
  return use(fd);
}

function refusedBy<T>(negativeErrno: number, operation: string): Outcome<T> {
  const errno = errnoName(negativeErrno);
  return refused(errno, `${operation}: ${errno}`);
}
