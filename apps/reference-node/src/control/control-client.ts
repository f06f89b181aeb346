import {
  newHttpBatchRpcSession,
  newWebSocketRpcSession,
  type RpcPromise,
  type RpcStub,
} from "@proj/capnweb-rpc";
import { WebSocket } from "ws";
import { ControlError, isControlCode } from "./control-error.js";
import type { ControlGate, NodeControl } from "./node-control.js";

/** Which node, and what opens its control API. */
export interface ControlTarget {
  /** `http://host:port/control`. */
  readonly url: string;
  readonly token: string;
  /** Milliseconds until one answer is given up. */
  readonly timeoutMs: number;
}

/** Keeps a control API at hand for calls that depend on one another, and for watches. */
export interface ControlConnection extends Disposable {
  readonly gate: RpcStub<ControlGate>;
  readonly control: RpcStub<NodeControl>;
  /** Rejects with a {@link ControlError} when the node is gone. */
  readonly gone: Promise<never>;
}

/**
 * Asks in one HTTP request: the token goes along with the question.
 *
 * @throws ControlError `control.unreachable`, `control.denied`, and whatever `ask` leads to
 */
export async function askNode<T>(
  target: ControlTarget,
  ask: (control: RpcPromise<NodeControl>) => PromiseLike<T>,
): Promise<T> {
  const gate = newHttpBatchRpcSession<ControlGate>(target.url, { timeoutMs: target.timeoutMs });
  try {
    return await ask(gate.authenticate(target.token));
  } catch (error) {
    throw explained(error, target);
  }
}

/**
 * Connects over WebSocket and shows the token.
 *
 * @throws ControlError `control.unreachable`, `control.denied`
 */
export async function connectControl(target: ControlTarget): Promise<ControlConnection> {
  const url = target.url.replace(/^http/, "ws");
  const socket = new WebSocket(url, { handshakeTimeout: target.timeoutMs });
  // `ws` says why on its own event; the session only learns that it failed.
  const failed = new Promise<never>((_, reject) => {
    socket.once("error", (error) => reject(explained(error, target)));
    socket.once("close", (code, reason) => {
      reject(unreachable(target, `the node closed the connection: ${code} ${String(reason)}`));
    });
  });
  failed.catch(() => undefined);
  const gate = newWebSocketRpcSession<ControlGate>(socket);
  try {
    const control = await Promise.race([gate.authenticate(target.token), failed]);
    return { gate, control, gone: failed, [Symbol.dispose]: () => gate[Symbol.dispose]() };
  } catch (error) {
    gate[Symbol.dispose]();
    throw explained(error, target);
  }
}

/** What an error of the control API of `target` is here: its own refusals as they are, everything else as a node that is away. */
export function explained(error: unknown, target: ControlTarget): unknown {
  if (error instanceof ControlError) return error;
  const { code, message, cause } = error as Partial<Record<"code" | "message" | "cause", unknown>>;
  if (code === "control.denied") {
    return new ControlError(
      "control.denied",
      `${target.url} refuses the token`,
      "name the token file of that node with --token-file",
    );
  }
  if (isControlCode(code)) return new ControlError(code, String(message));
  const because = (cause as { readonly code?: unknown } | undefined)?.code;
  return unreachable(target, String(because ?? code ?? message));
}

function unreachable({ url }: ControlTarget, why: string): ControlError {
  return new ControlError(
    "control.unreachable",
    `no node answers at ${url}: ${why}`,
    "start one with `reference-node serve`, or name another with --node",
  );
}
