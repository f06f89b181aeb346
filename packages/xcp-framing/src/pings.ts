import { XcpError } from "./errors.js";
import { Keepalive } from "./keepalive.js";
import type { SessionCore } from "./session-core.js";
import { MsgType } from "./wire/constants.js";
import { encodePing } from "./wire/control.js";

/** Sends the PINGs that the application asks for and those that show whether the peer lives. spec/xcp.md §7 */
export class Pings {
  readonly #core: SessionCore;
  /** Decides when one is due, and knows which PONG answers which. */
  readonly keepalive: Keepalive;

  constructor(core: SessionCore) {
    this.#core = core;
    this.keepalive = new Keepalive(core.config.limits.pingIntervalMs * 1000);
  }

  /**
   * Sends one for the application, or lets it wait for the line to be free.
   *
   * @throws XcpError `xcp.busy` when too many wait already
   */
  request(owner: unknown): void {
    switch (this.keepalive.request(owner)) {
      case "now":
        this.#send(owner);
        return;
      case "queued":
        return;
      case "full":
        throw new XcpError("xcp.busy", "too many PINGs wait");
    }
  }

  /** Sends the next that waits, if the line is free. */
  sendQueued(): void {
    const owner = this.keepalive.nextQueued();
    if (owner !== undefined) this.#send(owner);
  }

  /** Sends one to a silent peer, and gives up what stays unanswered. */
  checkAlive(): void {
    switch (this.keepalive.tick(this.#core.nowUs)) {
      case "ping":
        this.#send(undefined);
        return;
      case "giveUp":
        this.#giveUp();
        return;
      case "dead":
        this.#core.failSilently(new XcpError("xcp.timeout", "two PINGs stayed unanswered"));
        return;
      case undefined:
    }
  }

  #giveUp(): void {
    const owner = this.keepalive.giveUp();
    if (owner !== undefined) {
      const error = new XcpError("xcp.timeout", "a PING stayed unanswered");
      this.#core.events.push({ kind: "commandFailed", owner, error });
    }
    this.sendQueued();
  }

  #send(owner: unknown): void {
    const nonce = this.keepalive.begin(this.#core.nowUs, owner);
    const payload = encodePing({ nonce }, this.#core.controlCodec);
    this.#core.sendControl(MsgType.PING, payload, { numbered: "numbered" });
  }
}
