import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Backend, portable, type ShmCheck, type ShmFolders } from "@proj/native-io";
import { describeWith } from "@proj/peers";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { locate } from "#src/shm/shm-path.js";
import { native } from "../native-peer.js";
import { scratch } from "./scratch.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 100), verbose: true };
const read = { access: "read" } as const;

function refused(check: ShmCheck): unknown {
  return expect.objectContaining({ code: "native_io.shm_refused", details: { check } });
}

function lexicalTests({ shm, kind }: Backend): void {
  const place = scratch();
  mkdirSync(`${place.folder}/base`);
  const folders = shm.allow([`${place.folder}/base`]);
  afterAll(() => place.remove());

  test.each<[string, ShmCheck]>([
    ["base/x", "absolute"],
    ["", "absolute"],
    ["/etc/passwd", "contained"],
    [`${place.folder}/base2/x`, "contained"],
    [`${place.folder}/base`, "contained"],
    [`${place.folder}/base/`, "contained"],
    [`${place.folder}/base/../outside`, "contained"],
    [`${place.folder}/base/a/../../../x`, "contained"],
    [`${place.folder}/base/folder/`, "regular"],
    [`${place.folder}/base/nul\0`, "absolute"],
    [`/${"x".repeat(5000)}`, "absolute"],
  ])("creates nothing at %j: %s", (path, check) => {
    expect(() => folders.create(path, { sizeBytes: 64 })).toThrow(refused(check));
    expect(() => folders.unlink(path)).toThrow(refused(check));
  });

  test("a folder on the way is made, and a path is normalised", () => {
    const path = `${place.folder}/base/${kind}/b/./c//../file`;
    const file = folders.create(path, { sizeBytes: 64 });
    expect(file.path).toBe(`${place.folder}/base/${kind}/b/file`);
    file.close();
    expect(folders.unlink(path)).toBe(true);
  });

  test("an allowed folder is absolute", () => {
    expect(() => shm.allow(["base"])).toThrow(refused("absolute"));
  });
}

describe("§6: where a path lies", () => {
  test("of two allowed folders the inner one holds it", () => {
    expect(locate("/a/b/c", ["/a", "/a/b", "/"])).toEqual({ folder: 1, relative: "c" });
    expect(locate("/x/y", ["/a", "/"])).toEqual({ folder: 1, relative: "x/y" });
  });

  test("whatever the path, what is found has no dots and lies beneath its folder", () => {
    const part = fc.constantFrom("a", "b", "..", ".", "", "a2", "...", "b ");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const path = `/${parts.join("/")}`;
        let found;
        try {
          found = locate(path, ["/a", "/a/b"]);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "native_io.shm_refused" });
          return;
        }
        const names = found.relative.split("/");
        expect(names.every((name) => name !== "" && name !== "." && name !== "..")).toBe(true);
        expect(found.folder === 1 ? names : ["a", ...names]).not.toContain("..");
      }),
      runs,
    );
  });
});

describe("§6: paths, portable backend", () => lexicalTests(portable));
describeWith("§6: paths, native backend", native, lexicalTests);

describeWith("§6: files, native backend", native, ({ shm }) => {
  const place = scratch();
  let folders: ShmFolders;
  const make = (name: string, mode = 0o600) => {
    writeFileSync(place.path(name), "x".repeat(100));
    chmodSync(place.path(name), mode);
    return place.path(name);
  };

  beforeAll(() => {
    mkdirSync(place.path("base/in"), { recursive: true });
    mkdirSync(place.path("outside"));
    symlinkSync(place.path("base"), place.path("alias"));
    folders = shm.allow([place.path("alias")]);
    make("outside/secret");
    make("base/in/file");
  });
  afterAll(() => {
    folders.close();
    place.remove();
  });

  test("an allowed folder is resolved once; files are found by either name", () => {
    expect(folders.paths).toEqual([place.path("base")]);
    for (const path of ["base/in/file", "alias/in/file"]) {
      const file = folders.open(place.path(path), read);
      expect([file.path, file.sizeBytes]).toEqual([place.path("base/in/file"), 100]);
      file.close();
    }
  });

  test("an allowed folder that is missing, or is none, is an error", () => {
    const errno = (name: string) =>
      expect.objectContaining({ details: expect.objectContaining({ errno: name }) });
    expect(() => shm.allow([place.path("none")])).toThrow(errno("ENOENT"));
    expect(() => shm.allow([place.path("base/in/file")])).toThrow(errno("ENOTDIR"));
  });

  test("a link inside is followed to what it names, and judged there", () => {
    symlinkSync(place.path("base/in/file"), place.path("base/inner-link"));
    symlinkSync(place.path("outside/secret"), place.path("base/outer-link"));
    symlinkSync(place.path("outside"), place.path("base/outer-folder"));
    const file = folders.open(place.path("base/inner-link"), read);
    expect(file.path).toBe(place.path("base/in/file"));
    file.close();
    for (const path of ["base/outer-link", "base/outer-folder/secret"]) {
      expect(() => folders.open(place.path(path), read)).toThrow(refused("contained"));
    }
  });

  test("whether a file outside exists is not told", () => {
    expect(() => folders.open(place.path("outside/none"), read)).toThrow(refused("contained"));
    expect(() => folders.open(place.path("outside/secret"), read)).toThrow(refused("contained"));
  });

  test("creating and removing walk through no link", () => {
    symlinkSync(place.path("outside"), place.path("base/way-out"));
    const create = (path: string) => () => folders.create(place.path(path), { sizeBytes: 64 });
    expect(create("base/way-out/new")).toThrow(/ENOTDIR|link/);
    symlinkSync(place.path("outside/new"), place.path("base/dangling"));
    expect(create("base/dangling")).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ errno: "EEXIST" }) }),
    );
    expect(() => folders.unlink(place.path("base/way-out/secret"))).toThrow(/ENOTDIR|link/);
  });

  test("a link that is put in place of the file after it was resolved is refused", () => {
    // What a race would do between the check and the opening, done at the place where it would matter.
    const addon = folders.open(place.path("base/in/file"), read);
    addon.close();
    rmSync(place.path("base/in/file"));
    symlinkSync(place.path("outside/secret"), place.path("base/in/file"));
    expect(() =>
      folders.create(place.path("base/in/file"), { sizeBytes: 100, reuse: true }),
    ).toThrow(refused("no_link"));
    rmSync(place.path("base/in/file"));
    make("base/in/file");
  });

  test("only regular files", () => {
    mkdirSync(place.path("base/folder"));
    expect(() => folders.open(place.path("base/folder"), read)).toThrow(refused("regular"));
    execFileSync("mkfifo", [place.path("base/pipe")]);
    for (const access of ["read", "readWrite"] as const) {
      expect(() => folders.open(place.path("base/pipe"), { access })).toThrow(refused("regular"));
    }
  });

  test.each([
    [0o640, true],
    [0o664, false],
    [0o602, false],
    [0o601, false],
    [0o660, true],
  ])("mode %o for files of this user", (mode, fine) => {
    const path = make("base/mode", mode);
    if (fine) folders.open(path, read).close();
    else expect(() => folders.open(path, read)).toThrow(refused("others"));
    const lenient = shm.allow([place.path("base")], { allowOthers: true });
    lenient.open(path, read).close();
    lenient.close();
  });

  test("files of users that are not named", () => {
    const strict = shm.allow([place.path("base")], { owners: [2 ** 31] });
    const path = make("base/owned");
    expect(() => strict.open(path, read)).toThrow(refused("owner"));
    const any = shm.allow([place.path("base")], { owners: "any" });
    any.open(path, read).close();
    strict.close();
    any.close();
  });

  test("sizes and huge pages are checked on what was opened", () => {
    const path = make("base/small");
    folders.open(path, { access: "read", minBytes: 100 }).close();
    expect(() => folders.open(path, { access: "read", minBytes: 101 })).toThrow(refused("size"));
    writeFileSync(place.path("base/empty"), "", { mode: 0o600 });
    expect(() => folders.open(place.path("base/empty"), read)).toThrow(refused("size"));
    expect(() => folders.open(path, { access: "read", requireHugepages: true })).toThrow(
      refused("hugepages"),
    );
  });

  test("a second hard link is the same file", () => {
    linkSync(place.path("base/in/file"), place.path("base/second"));
    folders.open(place.path("base/second"), read).close();
  });

  test("creates with the permissions asked for, less the umask", () => {
    const file = folders.create(place.path("base/p/q"), { sizeBytes: 64, fileMode: 0o600 });
    file.close();
    folders.open(place.path("base/p/q"), { access: "readWrite", minBytes: 64 }).close();
    expect(() =>
      folders.create(place.path("base/p/r"), { sizeBytes: 64, fileMode: 0o1777 }),
    ).toThrow(expect.objectContaining({ name: "RangeError" }));
  });
});
