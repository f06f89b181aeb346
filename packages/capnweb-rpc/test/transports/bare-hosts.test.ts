// §15 and §23: what the package needs of its host, and supplies where the host has not got it.
import { expect, test } from "@jest/globals";
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";

const support = new URL("../support/", import.meta.url);

/** Bundles a program, as an application's build does it. */
async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, support))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "program",
    platform: "browser",
    external: ["ws"],
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

test("the language alone is enough to load it, and for a session", async () => {
  const bare = createContext({});
  expect(runInContext("typeof TextEncoder + typeof setTimeout", bare)).toBe("undefinedundefined");
  runInContext(
    (await bundled("bare-program.js")).replace("var program", "globalThis.program"),
    bare,
  );
  expect(await (runInContext("program.run()", bare) as Promise<unknown>)).toEqual({
    sum: 5,
    mapped: [2, 4],
    failure: "TypeError: no",
    symbols: ["symbol", "symbol"],
    resolved: 7,
    disposed: true,
  });
});

test("require() gives the same module", () => {
  const required = createRequire(import.meta.url).resolve("@proj/capnweb-rpc");
  const program = `const { serialize } = require(process.argv[1]); console.log(serialize([1]));`;
  expect(execFileSync(process.execPath, ["-e", program, required], { encoding: "utf8" })).toBe(
    "[[1]]\n",
  );
});

test("its code is ASCII, so that no page can misread it", async () => {
  const lines = (await bundled("bare-program.js")).split("\n");
  // What stays are the comments.
  const code = lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
  expect(code.filter((line) => /[^\p{ASCII}]/u.test(line))).toEqual([]);
});
