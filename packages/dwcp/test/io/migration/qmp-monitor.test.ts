import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { QmpMonitor } from "@proj/dwcp/node";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GREETING, type Script, ScriptedMonitor } from "../../support/scripted-monitor.js";

const done: Script = ({ id }) => [{ return: {}, id }];

let folder: string;
let path: string;
let peer: ScriptedMonitor | undefined;
let monitor: QmpMonitor | undefined;
let events: string[];

beforeEach(() => {
  events = [];
  folder = mkdtempSync(join(tmpdir(), "dwcp-qmp-"));
  path = join(folder, "monitor");
});

afterEach(async () => {
  monitor?.close();
  await peer?.close();
  [peer, monitor] = [undefined, undefined];
  rmSync(folder, { recursive: true, force: true });
});

/** A monitor that behaves until capabilities are agreed, and then as told. */
async function connected(script: Script, timeoutMs = 20_000): Promise<QmpMonitor> {
  peer = await ScriptedMonitor.listen(path, (command, socket) =>
    (command.execute === "qmp_capabilities" ? done : script)(command, socket),
  );
  monitor = await QmpMonitor.connect({
    path,
    timeoutMs,
    happened: ({ name }) => void events.push(name),
  });
  return monitor;
}

describe("B15: the monitor of a machine", () => {
  test("agrees on capabilities first, and answers in the order of the commands", async () => {
    const qemu = await connected(({ execute, id }) => [{ return: execute, id }]);
    expect(qemu.version).toBe("7.2.22");
    const both = [qemu.execute("query-status"), qemu.execute("query-target")];
    expect(await Promise.all(both)).toEqual(["query-status", "query-target"]);
    expect(peer?.heard).toEqual(["qmp_capabilities", "query-status", "query-target"]);
  });

  test("tells events that come before and after an answer", async () => {
    const qemu = await connected(({ id }) => [
      { event: "STOP", timestamp: { seconds: 1, microseconds: 2 } },
      { return: 7, id },
      { event: "RESUME", data: {} },
    ]);
    expect(await qemu.execute("stop")).toBe(7);
    expect(await qemu.execute("stop")).toBe(7);
    expect(events.slice(0, 3)).toEqual(["STOP", "RESUME", "STOP"]);
  });

  test("says why a command is refused, and takes the next one", async () => {
    const qemu = await connected(({ execute, id }) =>
      execute === "pmemsave"
        ? [{ error: { class: "GenericError", desc: "Could not open '/x'" }, id }]
        : [{ return: {}, id }],
    );
    await expect(qemu.execute("pmemsave")).rejects.toMatchObject({
      code: "dwcp.unsupported",
      message: "pmemsave: Could not open '/x'",
      details: { errorClass: "GenericError" },
    });
    expect(await qemu.execute("cont")).toEqual({});
  });

  test("gives up a command that is not answered, and drops its late answer", async () => {
    let late: object | undefined;
    const qemu = await connected(({ execute, id }) => {
      if (execute === "stop") {
        late = { return: "late", id };
        return [];
      }
      return [...(late === undefined ? [] : [late]), { return: "in time", id }];
    }, 300);
    await expect(qemu.execute("stop")).rejects.toMatchObject({ code: "dwcp.timeout" });
    expect(await qemu.execute("cont")).toBe("in time");
  });

  test("fails all that was asked when the machine goes away, and what is asked later", async () => {
    const qemu = await connected((_, socket) => {
      socket.destroy();
      return [];
    });
    const asked = await Promise.allSettled([qemu.execute("stop"), qemu.execute("cont")]);
    for (const each of asked) {
      expect(each).toMatchObject({ reason: { code: "dwcp.source_changed" } });
    }
    await expect(qemu.execute("cont")).rejects.toMatchObject({ code: "dwcp.source_changed" });
  });

  test.each([
    ["no JSON", "hello\r\n", "dwcp.protocol"],
    ["no object", "[1]\r\n", "dwcp.protocol"],
    ["an answer to nothing", '{"return": {}}\r\n', "dwcp.protocol"],
    ["no text", "\u00ff\r\n", "dwcp.protocol"],
    ["a line without an end", " ".repeat(1_100_000), "dwcp.limit"],
  ])("hangs up on %s", async (_, said, code) => {
    const qemu = await connected((_command, socket) => {
      socket.write(Buffer.from(said, "latin1"));
      return [];
    });
    await expect(qemu.execute("stop")).rejects.toMatchObject({ code });
  });

  test("is not there, or says nothing, or something else", async () => {
    await expect(QmpMonitor.connect({ path })).rejects.toMatchObject({
      code: "dwcp.source_changed",
    });
    peer = await ScriptedMonitor.listen(path, done, "");
    // As QEMU does while another client is served.
    const silent = QmpMonitor.connect({ path, timeoutMs: 200 });
    await expect(silent).rejects.toMatchObject({ code: "dwcp.timeout" });
    await peer.close();
    peer = await ScriptedMonitor.listen(path, done, "SSH-2.0-OpenSSH\r\n");
    await expect(QmpMonitor.connect({ path })).rejects.toMatchObject({ code: "dwcp.protocol" });
    await peer.close();
    peer = await ScriptedMonitor.listen(
      path,
      ({ id }) => [{ error: { class: "CommandNotFound", desc: "no" }, id }],
      GREETING,
    );
    await expect(QmpMonitor.connect({ path })).rejects.toMatchObject({ code: "dwcp.unsupported" });
  });
});
