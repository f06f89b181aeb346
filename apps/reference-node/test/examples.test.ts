import { expect, test } from "@jest/globals";
import { chromium, command, describeWith } from "@proj/peers";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium as chromiumDriver, type Page } from "playwright-core";
import { startPostgres } from "./support/postgres.js";

const folder = fileURLToPath(new URL("../../../examples/", import.meta.url));

function start(
  name: string,
  env: Readonly<Record<string, string>> = {},
): ReturnType<typeof spawn> & { readonly said: () => string } {
  const child = spawn(process.execPath, [`${folder}${name}/main.mjs`], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.on("data", (part: Buffer) => (text += part.toString()));
  return Object.assign(child, { said: () => text });
}

const database = [
  "tea 334/166833, coffee 333/166167, cake 333/166500",
  "950 rows below 950",
  "first: 1 tea, and no more of them",
  'null value in column "item" of relation "orders" violates not-null constraint\n',
].join("\n");

test.each([
  ["capnweb-calculator", "2\n42\nRangeError: division by zero\n"],
  [
    "capnweb-batch",
    [
      "sequential, round trips: 4. Alice, Lisbon; Bob, Oslo; Carol, Quito",
      "batch, round trips: 1. Alice, Lisbon; Bob, Oslo; Carol, Quito\n",
    ].join("\n"),
  ],
  [
    "capnweb-peer-to-peer",
    "Ada found the number of Boole in 9 guesses\nBoole found the number of Ada in 10 guesses\n",
  ],
  [
    "capnweb-files",
    [
      "upload\n  1 MiB\n  2 MiB\n  3 MiB\n3145728 bytes",
      "the file has 3145728 bytes",
      "download: the same bytes",
      "range: 0 0 0 0 0 0 1 1 1 1 1 1",
      "no file name: ../secret\n",
    ].join("\n"),
  ],
  ["capnweb-database", database],
  [
    "capnweb-services",
    [
      "not enough money",
      "lamps: 1, balance: 100",
      "lamp for Ada, paid 60",
      "no lamp in stock",
      "lamps: 0, balance: 40\n",
    ].join("\n"),
  ],
  ["quickstart-echo", "hello, world!\n"],
  ["send-table", "3 rows as PROTOBUF, mean 15.01 °C\n100000 rows as ARROW_IPC, mean 15.01 °C\n"],
])("%s runs and says what it should", async (name, text) => {
  const example = start(name);
  expect(await once(example, "close")).toEqual([0, null]);
  expect(example.said()).toBe(text);
});

describeWith("browser-page in Chromium", chromium(), (executablePath) => {
  test("talks to its server", async () => {
    const example = start("browser-page");
    const browser = await chromiumDriver.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      while (!example.said().includes("\n")) await once(example.stdout as never, "data");
      const page = await browser.newPage();
      await page.goto(/open (\S+)/.exec(example.said())?.[1] ?? "");
      await page.getByText("pixels came back").waitFor();
      const log = await page.innerText("#log");
      expect(log).toContain("connected: v0.2");
      expect(log).toContain("30000 pixels came back inverted");
    } finally {
      await browser.close();
      example.kill("SIGTERM");
    }
  });
});

describeWith("capnweb-database with a server", command("postgres"), (executable) => {
  test("says the same with PostgreSQL as with the engine inside", async () => {
    const postgres = await startPostgres(executable);
    try {
      const example = start("capnweb-database", { DATABASE_URL: postgres.url });
      expect(await once(example, "close")).toEqual([0, null]);
      expect(example.said()).toBe(database);
    } finally {
      await postgres.stop();
    }
  });
});

describeWith("capnweb-chat in Chromium", chromium(), (executablePath) => {
  test("two pages talk, and hear of one another's end", async () => {
    const example = start("capnweb-chat");
    const browser = await chromiumDriver.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      while (!example.said().includes("\n")) await once(example.stdout as never, "data");
      const url = /open (\S+)/.exec(example.said())?.[1] ?? "";
      const enter = async (name: string): Promise<Page> => {
        const page = await browser.newPage();
        await page.goto(url);
        await page.fill("#name", name);
        await page.press("#name", "Enter");
        return page;
      };
      const ada = await enter("Ada");
      await ada.getByText("here: nobody else").waitFor();
      const impostor = await enter("Ada");
      await impostor.getByText("Ada is here already").waitFor();
      const bob = await enter("Bob");
      await bob.getByText("here: Ada").waitFor();
      await bob.fill("#text", "hello");
      await bob.press("#text", "Enter");
      await ada.getByText("Bob: hello").waitFor();
      await bob.close();
      await ada.getByText("Bob left").waitFor();
      example.kill("SIGTERM");
      await ada.getByText("the room is gone").waitFor();
    } finally {
      await browser.close();
      example.kill("SIGTERM");
    }
  });
});

test("each example is one short file and stands in the list", () => {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map(({ name }) => name);
  const list = readFileSync(`${folder}README.md`, "utf8");
  for (const name of names) {
    expect(list).toContain(`node examples/${name}/main.mjs`);
    const lines = readFileSync(`${folder}${name}/main.mjs`, "utf8").split("\n").length;
    expect(lines).toBeLessThan(100);
  }
});
