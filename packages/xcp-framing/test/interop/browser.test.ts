import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { chromium, describeWith } from "@proj/peers";
import { SeededRandom } from "@proj/wire-types";
import { type RunningServer, serveXcp } from "@proj/xcp-framing/node";
import { build, type BuildResult } from "esbuild";
import { type Browser, chromium as chromiumDriver, type Page } from "playwright-core";
import type { PageGlobals, Report, Scenario } from "./browser/page.js";

/** Bundles `entry` for browsers; an import of Node's modules would not resolve. */
function bundle(entry: string): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    absWorkingDir: fileURLToPath(new URL("../../", import.meta.url)),
    entryPoints: [entry],
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
}

function importsOf({ metafile }: Awaited<ReturnType<typeof bundle>>): readonly string[] {
  const outputs = Object.values(metafile.outputs);
  return outputs.flatMap(({ imports }) => imports.map(({ path }) => path));
}

test.each(["dist/index.js", "dist/web/index.js"])(
  "%s bundles for browsers, with nothing of Node in it",
  async (entry) => {
    const result = await bundle(entry);
    expect(importsOf(result)).toEqual([]);
    const inputs = Object.keys(result.metafile.inputs);
    expect(inputs.filter((path) => /native-io|xcp-framing\/dist\/io\/|\/ws\//.test(path))).toEqual(
      [],
    );
  },
);

test("an import of Node's modules would be noticed", async () => {
  await expect(bundle("dist/io/index.js")).rejects.toThrow(/Could not resolve "node:/);
});

describeWith("a page in Chromium", chromium(), (executablePath) => {
  let pages: Server;
  let origin = "";
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const { outputFiles } = await bundle("dist-test/interop/browser/page.js");
    const script = outputFiles[0]?.text ?? "";
    pages = createServer((request, response) => {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(
        isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>',
      );
    });
    await new Promise<void>((resolve) => {
      pages.listen(0, "127.0.0.1", resolve);
    });
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    browser = await chromiumDriver.launch({
      executablePath,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    page = await browser.newPage();
    await page.goto(origin, { waitUntil: "load" });
    await page.waitForFunction("globalThis.xcp !== undefined");
  });

  afterAll(async () => {
    await browser?.close();
    pages?.close();
  });

  const key = [...new SeededRandom(7).fill(new Uint8Array(32))];
  const scenarios: readonly (readonly [string, Omit<Scenario, "url">])[] = [
    ["a small binary body", { bytes: 1000, codec: "PROTOBUF", compress: false }],
    ["an empty body", { bytes: 0, codec: "PROTOBUF", compress: false }],
    ["a JSON body", { bytes: 7000, codec: "JSON", compress: false }],
    ["a compressed body", { bytes: 300_000, codec: "PROTOBUF", compress: true }],
    ["an encrypted body", { bytes: 50_000, codec: "PROTOBUF", compress: false, key }],
    ["a body above the frame limit", { bytes: 5_000_000, codec: "PROTOBUF", compress: false }],
    ["everything at once", { bytes: 20_000_000, codec: "JSON", compress: true, key }],
    ["an encrypted chunk train", { bytes: 3_000_000, codec: "PROTOBUF", compress: false, key }],
  ];

  test.each(scenarios)("%s goes to a Node server and back", async (_name, scenario) => {
    const received: string[] = [];
    const running: RunningServer = await serveXcp({
      listen: ["ws://127.0.0.1:0/xcp"],
      origins: [origin],
      handler: ({ bodyCodec, body }) => {
        received.push(createHash("sha256").update(body).digest("hex"));
        return { bodyCodec, body };
      },
      ...(scenario.key === undefined
        ? {}
        : { key: Uint8Array.from(scenario.key), cryptPolicy: "required" }),
    });
    const report: Report = await page.evaluate(
      (asked) => (globalThis as unknown as PageGlobals).xcp.exchange(asked),
      { url: running.urls[0] ?? "", ...scenario },
    );
    expect(report).toMatchObject({ profile: "v0.2", transport: "ws", echoed: true });
    expect(received).toEqual([report.sentSha256]);
    expect(report.encrypted).toBe(scenario.key !== undefined);
    expect(report.pingUs).toBeGreaterThan(0);
    if (scenario.compress) expect(report.wireBytes).toBeLessThan(scenario.bytes / 2);
    else expect(report.wireFrames).toBeGreaterThan(scenario.bytes / 1_048_576);
    await running.close();
  });

  test("a page of an origin that was not named is refused", async () => {
    const running = await serveXcp({ listen: ["ws://127.0.0.1:0/xcp"] });
    const attempt = page.evaluate(
      (url) =>
        (globalThis as unknown as PageGlobals).xcp.exchange({
          url,
          bytes: 1,
          codec: "PROTOBUF",
          compress: false,
        }),
      running.urls[0] ?? "",
    );
    await expect(attempt).rejects.toThrow(/no WebSocket at/);
    await running.close();
  });
});
