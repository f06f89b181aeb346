import type { RegisteredBuffer } from "../buffer/registered-buffer.js";
import { DataKeyPool, type SealingKey } from "../crypto/data-keys.js";
import { DcquicError } from "../errors.js";
import type { OutboundPayload } from "../stream/stream.js";
import { BufferHandle } from "./buffer-handle.js";
import type { Payload, PayloadProtection } from "./call-options.js";
import type { PoolPort } from "./pool-port.js";
import { sealedBytes } from "./record-sealer.js";

/** How payloads are turned into what an engine announces. */
export interface PayloadRules {
  /** Priority at which buffers are asked for. */
  readonly priority: number;
  /** Whether small payloads may ride in announcements. */
  readonly inline: "auto" | "never";
  /** How larger ones are protected. */
  readonly protection: PayloadProtection;
  /** Largest payload that rides inline. */
  readonly inlineMaxBytes: number;
}

/** A payload that is ready to be announced. */
export type ReadyPayload = Pick<OutboundPayload, "payload" | "taken">;

// What a key of its own costs, for the cipher at both ends and for the packet that retires it, matters to small messages.
const POOLED_MAX_BYTES = 65_536;

/**
 * Encrypts the payloads for one peer into buffers, which may mean to wait for room: lower priorities wait first. Small ones
 * share a data key, since nobody else gets them.
 *
 * @see spec/dcquic.md §7.3, §8
 */
export class PayloadSender {
  /** The engine whose buffers it takes. */
  readonly port: PoolPort;
  readonly #rules: PayloadRules;
  #keys: DataKeyPool | undefined;

  /** Takes buffers from the engine of `port`. */
  constructor(port: PoolPort, rules: PayloadRules) {
    this.port = port;
    this.#rules = rules;
  }

  /** Whether a payload is ready as it is, without a buffer. */
  takesAsIs(payload: Uint8Array): boolean {
    const { inline, protection, inlineMaxBytes } = this.#rules;
    return inline === "auto" && (protection === "packet" || payload.length <= inlineMaxBytes);
  }

  /** Prepares a payload: at once where it can, otherwise as soon as there is room for it. */
  prepare(payload: Payload): ReadyPayload | Promise<ReadyPayload> {
    if (payload instanceof BufferHandle) return ofHandle(payload);
    if (this.takesAsIs(payload)) return { payload };
    const { protection, inlineMaxBytes } = this.#rules;
    // What is to travel by packets alone and never inline still has to be long enough for it.
    if (protection === "packet" && payload.length > inlineMaxBytes) return { payload };
    const handle = allocateBuffer(
      this.port,
      payload.length,
      this.#rules.priority,
      payload.length <= POOLED_MAX_BYTES ? this.#nextKey() : undefined,
    );
    const seal = (buffer: BufferHandle): ReadyPayload => {
      buffer.write(payload).fill();
      return { payload: buffer.registered, taken: () => buffer.drop() };
    };
    return handle instanceof Promise ? handle.then(seal) : seal(handle);
  }

  #nextKey(): SealingKey {
    const { random, crypto, nowUs } = this.port;
    this.#keys ??= new DataKeyPool(random, crypto);
    return this.#keys.next(nowUs);
  }
}

/**
 * Allocates a buffer for so many plain bytes, under a key of its own unless one is given.
 *
 * @throws DcquicError `dcquic.local_resource` for what never fits.
 */
export function allocateBuffer(
  port: PoolPort,
  size: number,
  priority: number,
  key?: SealingKey,
): BufferHandle | Promise<BufferHandle> {
  const { buffers } = port;
  const bytes = sealedBytes(size, port);
  const wrap = (buffer: RegisteredBuffer): BufferHandle =>
    new BufferHandle(buffer, size, port, key);
  const now = buffers.allocate(bytes, priority);
  if (now !== undefined) return wrap(now);
  return new Promise((resolve, reject) => {
    try {
      buffers.allocateLater(bytes, priority, (buffer) => resolve(wrap(buffer)), reject);
    } catch (error) {
      const message = `a buffer of ${size} bytes never fits`;
      reject(new DcquicError("dcquic.local_resource", message, { cause: error }));
    }
  });
}

function ofHandle(handle: BufferHandle): ReadyPayload {
  if (!handle.isFilled) throw new TypeError("the buffer is not filled");
  // The caller may drop its handle before the engine took its own reference.
  return { payload: handle.registered, taken: handle.hold() };
}
