import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** A command as a monitor hears it. */
export interface HeardCommand {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly id: number;
}

/** What a monitor says to a command: whole lines, or nothing. */
export type Script = (command: HeardCommand, socket: Socket) => readonly object[];

/** What QEMU 7.2 says first. */
export const GREETING = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}\r\n`;

/** The monitor of a machine that there is not: it does what a test wants. */
export class ScriptedMonitor {
  readonly heard: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: Script, greeting: string) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.write(greeting);
      let text = "";
      socket.on("data", (bytes: Buffer) => {
        text += bytes.toString();
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          const command = JSON.parse(line) as HeardCommand;
          this.heard.push(command.execute);
          for (const each of script(command, socket)) socket.write(`${JSON.stringify(each)}\r\n`);
        }
      });
    });
  }

  static async listen(path: string, script: Script, greeting = GREETING): Promise<ScriptedMonitor> {
    const monitor = new ScriptedMonitor(script, greeting);
    monitor.#server.listen(path);
    await once(monitor.#server, "listening");
    return monitor;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
