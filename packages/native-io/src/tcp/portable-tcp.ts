import type { Socket } from "node:net";
import { type Capability, missing } from "../capability.js";
import { type Outcome, refused } from "../outcome.js";
import { TCP_COSTS } from "./tcp-costs.js";
import type { TcpInfo } from "./tcp-info.js";
import type { TcpTuning } from "./tcp-tuning.js";

const WHY = "node:net has no such option";

/** Refuses: Node alone can set none of these options. */
export class PortableTcp implements TcpTuning {
  /** Everything is missing. */
  capabilities(): readonly Capability[] {
    return Object.entries(TCP_COSTS).map(([name, { cost }]) => missing(name, WHY, cost));
  }

  congestionControl(_socket: Socket): Outcome<string> {
    return unsupported();
  }

  setCongestionControl(_socket: Socket, _name: string): Outcome<string> {
    return unsupported();
  }

  duplicate(_socket: Socket): Outcome<number> {
    return unsupported();
  }

  info(_socket: Socket): Outcome<TcpInfo> {
    return unsupported();
  }

  setNotSentLowWater(_socket: Socket, _bytes: number): Outcome<number> {
    return unsupported();
  }

  setSendBuffer(_socket: Socket, _bytes: number): Outcome<number> {
    return unsupported();
  }

  setReceiveBuffer(_socket: Socket, _bytes: number): Outcome<number> {
    return unsupported();
  }

  setMaxPacingRate(_socket: Socket, _bytesPerSecond: number): Outcome<number> {
    return unsupported();
  }
}

function unsupported<T>(): Outcome<T> {
  return refused("ENOTSUP", WHY);
}
