import { connect, type Socket } from "node:net";
import { DwcpError } from "../../errors.js";
import type { QmpMessage } from "../../migration/qmp-message.js";
import { QmpReader } from "../../migration/qmp-reader.js";

/** How a monitor is spoken to. */
export interface QmpMonitorOptions {
  /** Of its Unix socket: QEMU's `-qmp unix:<path>,server=on,wait=off`. */
  readonly path: string;
  /** How long it may take to answer, in milliseconds; 30 000 when absent. */
  readonly timeoutMs?: number;
  /** Hears what happens to the machine, such as `STOP` and `SHUTDOWN`. */
  readonly happened?: (event: Extract<QmpMessage, { readonly kind: "event" }>) => void;
}

interface Asked {
  readonly command: string;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DwcpError) => void;
}

const TIMEOUT_MS = 30_000;
/** The greeting is waited for under this number. No command has it. */
const GREETING = 0;

/**
 * The monitor of a QEMU machine (QMP), at the other end of a Unix socket.
 *
 * ```
 * connect ─▶ greeting ─▶ qmp_capabilities ─▶ commands, answered in order, events between the answers
 * any error of the socket or of what comes ─▶ closed: what was asked fails, what is asked later too
 * ```
 *
 * A command that takes too long fails by `dwcp.timeout`; QEMU still does it before those after it, and its answer is dropped.
 */
export class QmpMonitor {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #happened: QmpMonitorOptions["happened"];
  readonly #reader = new QmpReader();
  readonly #asked = new Map<number, Asked>();
  #version = "";
  #next = GREETING + 1;
  #over: DwcpError | undefined;

  private constructor({ path, timeoutMs = TIMEOUT_MS, happened }: QmpMonitorOptions) {
    this.#timeoutMs = timeoutMs;
    this.#happened = happened;
    this.#socket = connect(path);
    this.#socket.on("data", (bytes) => this.#receive(bytes));
    this.#socket.on("error", (cause) => this.#end(`${path}: ${cause.message}`, cause));
    this.#socket.on("close", () => this.#end(`the monitor at ${path} is gone`));
  }

  /**
   * Connects, and leaves the phase of capabilities.
   *
   * @throws DwcpError `dwcp.source_changed` when nothing is there, `dwcp.timeout` when it does not answer (as while somebody
   * else uses it), `dwcp.protocol` when it is no monitor
   */
  static async connect(options: QmpMonitorOptions): Promise<QmpMonitor> {
    const monitor = new QmpMonitor(options);
    try {
      await monitor.#wait(GREETING, "greeting");
      await monitor.execute("qmp_capabilities");
      return monitor;
    } catch (error) {
      monitor.close();
      throw error;
    }
  }

  /** The version of QEMU, such as `7.2.22`. */
  get version(): string {
    return this.#version;
  }

  /**
   * Has a command done, and gives what it returns.
   *
   * @throws DwcpError `dwcp.unsupported` when it is refused, with QEMU's class in `details`; `dwcp.timeout`; `dwcp.source_changed`
   * when the monitor goes away
   */
  async execute(
    command: string,
    args: Readonly<Record<string, string | number | boolean>> = {},
  ): Promise<unknown> {
    if (this.#over !== undefined) throw this.#over;
    const id = this.#next++;
    const answered = this.#wait(id, command);
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    return await answered;
  }

  /** Ends the connection; the machine goes on as it is. */
  close(): void {
    this.#end("the monitor was closed here");
    this.#socket.destroy();
  }

  #wait(id: number, command: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked.delete(id);
        const late = `${command}: no answer within ${this.#timeoutMs} ms`;
        reject(new DwcpError("dwcp.timeout", late));
      }, this.#timeoutMs);
      this.#asked.set(id, { command, timer, resolve, reject });
    });
  }

  #receive(bytes: Uint8Array): void {
    try {
      for (const message of this.#reader.push(bytes)) this.#take(message);
    } catch (cause) {
      if (!(cause instanceof DwcpError)) throw cause;
      this.#fail(cause);
    }
  }

  #take(message: QmpMessage): void {
    switch (message.kind) {
      case "greeting":
        this.#version = message.version;
        this.#answered(GREETING)?.resolve(undefined);
        break;
      case "return":
        this.#answered(message.id)?.resolve(message.value);
        break;
      case "error": {
        const { errorClass, text } = message;
        const asked = this.#answered(message.id);
        const refused = `${asked?.command ?? ""}: ${text}`;
        asked?.reject(new DwcpError("dwcp.unsupported", refused, { details: { errorClass } }));
        break;
      }
      case "event":
        this.#happened?.(message);
        break;
    }
  }

  #answered(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    clearTimeout(asked?.timer);
    this.#asked.delete(id);
    return asked;
  }

  #end(message: string, cause?: Error): void {
    this.#fail(new DwcpError("dwcp.source_changed", message, cause === undefined ? {} : { cause }));
  }

  #fail(error: DwcpError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#socket.destroy();
    for (const id of this.#asked.keys()) this.#answered(id)?.reject(error);
  }
}
