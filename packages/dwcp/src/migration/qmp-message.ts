import { DwcpError } from "../errors.js";

/** What QEMU says over its monitor protocol. */
export type QmpMessage =
  /** The first line: a monitor that waits for `qmp_capabilities`. */
  | { readonly kind: "greeting"; readonly version: string }
  /** A command is done. */
  | { readonly kind: "return"; readonly id: number; readonly value: unknown }
  /** A command was refused. */
  | {
      readonly kind: "error";
      readonly id: number;
      /** QEMU's word for programs, such as `GenericError`. */
      readonly errorClass: string;
      /** For people. */
      readonly text: string;
    }
  /** Something happened; it may come before, between and after answers. */
  | { readonly kind: "event"; readonly name: string; readonly data: unknown };

/**
 * Reads one line of a QEMU monitor. What it says beside the known members is left out.
 *
 * @throws DwcpError `dwcp.protocol` for what is no such message
 */
export function decodeQmpMessage(line: string): QmpMessage {
  const message = membersOf(parse(line));
  const greeting = message.get("QMP");
  if (greeting !== undefined) return { kind: "greeting", version: versionOf(greeting) };
  const name = message.get("event");
  if (typeof name === "string") return { kind: "event", name, data: message.get("data") };
  const error = message.get("error");
  if (error !== undefined) {
    const members = membersOf(error);
    const [errorClass, text] = [members.get("class"), members.get("desc")];
    // A line that it could not even parse is answered without an id: nothing here sends one.
    if (typeof errorClass === "string" && typeof text === "string") {
      return { kind: "error", id: idOf(message), errorClass, text };
    }
  }
  if (!message.has("return")) throw wrong("neither a greeting, an answer nor an event");
  return { kind: "return", id: idOf(message), value: message.get("return") };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new DwcpError("dwcp.protocol", "the monitor says what is no JSON", { cause });
  }
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong("what is no object");
  }
  return new Map<string, unknown>(Object.entries(value));
}

function idOf(message: ReadonlyMap<string, unknown>): number {
  const id = message.get("id");
  if (typeof id !== "number") throw wrong("an answer to nothing");
  return id;
}

function versionOf(greeting: unknown): string {
  const version = membersOf(membersOf(greeting).get("version"));
  const qemu = membersOf(version.get("qemu"));
  return ["major", "minor", "micro"].map((part) => String(qemu.get(part))).join(".");
}

function wrong(what: string): DwcpError {
  return new DwcpError("dwcp.protocol", `the monitor says ${what}`);
}
