import { asWireError, type WireError } from "@proj/wire-types";
import type { ClientOptions } from "./client-options.js";
import type { Connection } from "./connection.js";
import { openConnection } from "./open-connection.js";
import type { SessionMemory } from "./session-memory.js";
import type { Profile } from "./wire/constants.js";

/** Opens connections to one endpoint, and remembers which profile it speaks. spec/xcp.md §5 */
export class Dialler {
  readonly #options: ClientOptions;
  // The profile that worked, when it is `auto`.
  #learnt: Profile | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Opens one connection in which `session` goes on. @throws WireError why there is none */
  async open(session: SessionMemory): Promise<Connection> {
    const profile = this.#options.profile ?? "v0.2";
    if (profile !== "auto") return this.#openAs(profile, session);
    if (this.#learnt !== undefined) return this.#openAs(this.#learnt, session);
    try {
      const connection = await this.#openAs("v0.2", session);
      this.#learnt = "v0.2";
      return connection;
    } catch (error) {
      if (!looksLikeReference(asWireError(error))) throw error;
      const connection = await this.#openAs("v0.2-json", session);
      this.#learnt = "v0.2-json";
      return connection;
    }
  }

  async #openAs(profile: Profile, session: SessionMemory): Promise<Connection> {
    const transport = await this.#options.dial();
    return openConnection(transport, "initiator", { ...this.#options, profile, session });
  }
}

// The reference closes its socket, or stays silent, when it meets a binary header. §5
function looksLikeReference(error: WireError): boolean {
  return error.code === "wire.closed" || error.code === "xcp.hello_timeout";
}
