import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { command, describeWith, type Peer } from "@proj/peers";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { native } from "../native-peer.js";
import { scratch, type Scratch } from "./scratch.js";

const visitor = fileURLToPath(new URL("./visitor.js", import.meta.url));
const NOBODY = 65_534;
const STRANGER = 65_533;

/** Starts a program as another user: possible for root alone, with setpriv of util-linux. */
function otherUsers(): Peer<string> {
  const name = "another user";
  if ("lack" in native) return { name, lack: native.lack };
  if (process.geteuid?.() !== 0) return { name, lack: "only root becomes another user" };
  const setpriv = command("setpriv");
  if ("lack" in setpriv) return { name, lack: setpriv.lack };
  return { name, found: setpriv.found };
}

describeWith("§6: who may map what", otherUsers(), (setpriv) => {
  let place: Scratch;
  const attempts = (uid: number, list: readonly (readonly [string, string])[]): string[] => {
    const args = [
      visitor,
      place.folder,
      JSON.stringify(list.map(([what, name]) => [what, place.path(name)])),
    ];
    const become = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", process.execPath];
    const output = execFileSync(setpriv, [...become, ...args], { encoding: "utf8" });
    return JSON.parse(output) as string[];
  };
  const make = (name: string, owner: number, mode: number) => {
    writeFileSync(place.path(name), "x".repeat(100));
    chownSync(place.path(name), owner, owner);
    chmodSync(place.path(name), mode);
  };

  beforeAll(() => {
    place = scratch();
    chmodSync(place.folder, 0o755);
    for (const [who, owner] of [
      ["root", 0],
      ["nobody", NOBODY],
      ["stranger", STRANGER],
    ] as const) {
      for (const mode of [0o600, 0o400, 0o660, 0o640, 0o644, 0o666]) {
        make(`${who}-${mode.toString(8)}`, owner, mode);
      }
    }
    mkdirSync(place.path("closed"), { mode: 0o700 });
    make("closed/file", NOBODY, 0o600);
    mkdirSync(place.path("own"));
    chownSync(place.path("own"), NOBODY, NOBODY);
  });
  afterAll(() => place.remove());

  const files = ["nobody", "root", "stranger"].flatMap((who) =>
    ["600", "400", "660", "640", "644", "666"].map((mode) => `${who}-${mode}`),
  );
  /** What reading and writing each file answers, asked by one process. */
  const answersOf = (uid: number) => {
    const list = files.flatMap((name) => [["read", name] as const, ["readWrite", name] as const]);
    const answers = attempts(uid, list);
    return Object.fromEntries(files.map((name, i) => [name, answers.slice(2 * i, 2 * i + 2)]));
  };

  // What the kernel refuses is an errno, what the policy refuses is a check.
  test("a user maps its own files that others cannot reach", () => {
    expect(answersOf(NOBODY)).toEqual({
      "nobody-600": ["ok", "ok"],
      "nobody-400": ["ok", "EACCES"],
      "nobody-660": ["ok", "ok"],
      "nobody-640": ["ok", "ok"],
      "nobody-644": ["others", "others"],
      "nobody-666": ["others", "others"],
      "root-600": ["EACCES", "EACCES"],
      "root-400": ["EACCES", "EACCES"],
      "root-660": ["EACCES", "EACCES"],
      "root-640": ["EACCES", "EACCES"],
      "root-644": ["others", "EACCES"],
      "root-666": ["others", "others"],
      "stranger-600": ["EACCES", "EACCES"],
      "stranger-400": ["EACCES", "EACCES"],
      "stranger-660": ["EACCES", "EACCES"],
      "stranger-640": ["EACCES", "EACCES"],
      "stranger-644": ["owner", "EACCES"],
      "stranger-666": ["owner", "owner"],
    });
  });

  test("root maps root's files alone, though the kernel refuses it nothing", () => {
    const answers = answersOf(0);
    for (const name of files) {
      const exposed = name.endsWith("4") || name.endsWith("6") ? "others" : "ok";
      const answer = name.startsWith("root-") ? exposed : "owner";
      expect([name, answers[name]]).toEqual([name, [answer, answer]]);
    }
  });

  test("folders that may not be searched or written refuse too", () => {
    expect(
      attempts(NOBODY, [
        ["read", "closed/file"],
        ["create", "new"],
        ["create", "own/new"],
        ["readWrite", "own/new"],
        ["unlink", "own/new"],
        ["unlink", "own/new"],
        ["unlink", "root-600"],
      ]),
    ).toEqual(["EACCES", "EACCES", "ok", "ok", "ok", "none", "EACCES"]);
  });
});
