import type { Socket } from "node:net";
import { backend } from "@proj/native-io";

/** Which congestion control the kernel is asked for; `system` leaves its own. spec/dwcp.md B16 */
export type CongestionControl = "bbr" | "cubic" | "reno" | "system";

/** What may wait in the kernel unsent: a stream then pulls when it can send, not when it can store. spec/dwcp.md B13 */
const NOT_SENT_BYTES = 131_072;

/** Sets what may wait in the kernel unsent, where there is a native backend. */
export function limitUnsent(socket: Socket, bytes: number): void {
  backend.tcp.setNotSentLowWater(socket, bytes);
}

/** What the kernel agreed to; `undefined` where it was not asked, or refused. */
export interface SocketTuning {
  readonly congestionControl: string | undefined;
  readonly notSentBytes: number | undefined;
}

/** Sets what the native backend can set; without it everything works, with deeper queues. */
export function tuneSocket(socket: Socket, wanted: CongestionControl): SocketTuning {
  const { tcp } = backend;
  const lowWater = tcp.setNotSentLowWater(socket, NOT_SENT_BYTES);
  const control =
    wanted === "system" ? tcp.congestionControl(socket) : tcp.setCongestionControl(socket, wanted);
  return {
    congestionControl: control.kind === "done" ? control.value : undefined,
    notSentBytes: lowWater.kind === "done" ? lowWater.value : undefined,
  };
}
