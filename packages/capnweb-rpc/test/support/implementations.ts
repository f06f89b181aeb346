import * as ours from "@proj/capnweb-rpc";
import * as reference from "capnweb";
import { MemoryTransport } from "./memory-transport.js";
import { cloneInRealm } from "./realm-clone.js";

/* oxlint-disable typescript/no-explicit-any -- either implementation, without its types */

/** Either implementation. */
export type Library = Record<string, any>;
/** What either implementation makes. */
export type Stub = any;

cloneInRealm();

/** Both, by name. */
export const libraries: Readonly<Record<"ours" | "reference", Library>> = { ours, reference };

/** The names of both, for `describe.each`. */
export const both = ["ours", "reference"] as const;

/** Two sessions of one implementation over a pair of transports in memory. */
export interface Connected {
  readonly main: Stub;
  readonly client: MemoryTransport;
  readonly server: MemoryTransport;
  readonly session: Stub;
  readonly served: Stub;
}

/** Connects a client to `localMain`. */
export function connect(
  { RpcSession }: Library,
  localMain?: unknown,
  options: { readonly client?: object; readonly server?: object; readonly main?: unknown } = {},
): Connected {
  const [client, server] = MemoryTransport.pair();
  const served = new RpcSession(server, localMain, options.server);
  const session = new RpcSession(client, options.main, options.client);
  return { main: session.getRemoteMain(), client, server, session, served };
}

/** Answers class and text of a failure. */
export async function failureOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return "no failure";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}
