import { expect, jest, test } from "@jest/globals";
import { chromium, describeWith } from "@proj/peers";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium as chromiumDriver } from "playwright-core";

jest.setTimeout(60_000);

const folder = fileURLToPath(new URL("../../../examples/", import.meta.url));

function start(name: string): ReturnType<typeof spawn> & { readonly said: () => string } {
  const child = spawn(process.execPath, [`${folder}${name}/main.mjs`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.on("data", (part: Buffer) => (text += part.toString()));
  return Object.assign(child, { said: () => text });
}

test.each([
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
