import { MessageChannel, MessagePort } from "node:worker_threads";
import { systemRandom, systemTime } from "@proj/wire-types/system";
import type { CryptoBackend } from "../../crypto/backend.js";
import { DcquicError } from "../../errors.js";
import { TransportPool, type TransportPoolOptions } from "../../pool/transport-pool.js";
import type { Lane, LaneEnd } from "../../share/lane.js";
import { PoolAttachment } from "../../share/pool-attachment.js";
import { bestCrypto } from "../best-crypto.js";
import { ForgottenHandles } from "./forgotten-handles.js";

/** How a thread attaches to a pool of another one. */
export interface AttachPoolOptions extends TransportPoolOptions {
  /** What seals this thread's payloads; the best that is here if absent. */
  readonly crypto?: CryptoBackend;
  /** How long the other thread may take to answer; 5000 ms if absent. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5000;
const used = new WeakSet<MessagePort>();

/**
 * Makes a descriptor of a pool for one other thread of the process: send it there, in `workerData` or by `postMessage` and in
 * the list of what is transferred, and give it to {@link attachPool}. It is a handle of its own from now on: the pool lives
 * until that thread closes it or ends, or until the descriptor is closed.
 *
 * @throws DcquicError `dcquic.going_away` when the handle is closed.
 * @see spec/dcquic.md §2, D-32
 */
export function sharePool(pool: TransportPool): MessagePort {
  const { port1: own, port2: descriptor } = new MessageChannel();
  try {
    listen(own, pool.share(laneOf(own)));
  } catch (error) {
    own.close();
    throw error;
  }
  return descriptor;
}

/**
 * A handle of this thread on a pool of another one, by the descriptor that {@link sharePool} made there: it has all that a pool
 * has. What it holds is released when it is closed, or when this thread ends, however it does.
 *
 * The promise rejects with a `DcquicError`: `dcquic.bad_descriptor` for what is no descriptor or was used before, and
 * `dcquic.going_away` where the pool is gone.
 */
export async function attachPool(
  descriptor: MessagePort,
  options: AttachPoolOptions = {},
): Promise<TransportPool> {
  if (!(descriptor instanceof MessagePort) || used.has(descriptor)) {
    throw new DcquicError("dcquic.bad_descriptor", "no descriptor of a pool, or one that was used");
  }
  used.add(descriptor);
  const attachment = new PoolAttachment(laneOf(descriptor), {
    nowUs: systemTime.nowUs,
    timers: systemTime,
    random: systemRandom,
    crypto: options.crypto ?? bestCrypto(),
    handleWatch: new ForgottenHandles(),
  });
  listen(descriptor, attachment);
  const timeout = setTimeout(() => attachment.giveUp(), options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  try {
    const { backend, welcome } = await attachment.attached;
    return TransportPool.on(backend, { protection: welcome.protection, ...options });
  } finally {
    clearTimeout(timeout);
  }
}

function laneOf(port: MessagePort): Lane<unknown> {
  return {
    send: (batch, moved) => port.postMessage(batch, moved),
    close: () => port.close(),
  };
}

function listen(port: MessagePort, end: LaneEnd): void {
  port.on("message", (batch: unknown) => end.receive(batch));
  port.on("messageerror", () => end.lost());
  port.once("close", () => end.lost());
}
