import { memoryStreamPair } from "@proj/wire-types";
import { type Connection, type ConnectionOptions, openConnection } from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";

/** Options of one end, without the platform. */
export type EndOptions = Partial<ConnectionOptions>;

/** Two open connections joined in this process. */
export async function connectionPair(
  client: EndOptions = {},
  server: EndOptions = {},
): Promise<[Connection, Connection]> {
  const [near, far] = memoryStreamPair();
  return Promise.all([
    openConnection(near, "initiator", { platform: nodePlatform, ...client }),
    openConnection(far, "responder", { platform: nodePlatform, ...server }),
  ]);
}

/** Bytes that are told apart by their place. */
export function pattern(length: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  const { imul } = Math;
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Resolves after the current turn of the event loop. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
