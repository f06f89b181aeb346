import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { acceptWebTransportRpcSession, RpcTarget } from "@proj/capnweb-rpc";
import {
  developmentCertificate,
  serveWebTransport,
  type WebTransportServer,
} from "@proj/capnweb-rpc/http3";
import { chromium, describeWith } from "@proj/peers";
import { build } from "esbuild";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, chromium as chromiumDriver, type Page } from "playwright-core";

class Main extends RpcTarget {
  square(x: number): number {
    return x * x;
  }
  async callBack(f: (text: string) => Promise<string>): Promise<string> {
    return `${await f("you")}!`;
  }
  echo(bytes: Uint8Array): Uint8Array {
    return bytes;
  }
}

const script = `
import { newWebTransportRpcSession } from "./dist/index.js";
globalThis.talk = async (url, hash) => {
  const main = newWebTransportRpcSession(url, undefined, {
    serverCertificateHashes: [{ algorithm: "sha-256", value: new Uint8Array(hash) }],
  });
  const squares = await main.square(main.square(3));
  const called = await main.callBack(async (text) => "hello " + text);
  const bytes = await main.echo(new Uint8Array(500_000).fill(7));
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  main[Symbol.dispose]();
  return { squares, called, sum };
};
globalThis.refused = (url, hash) => {
  const main = newWebTransportRpcSession(url, undefined, {
    serverCertificateHashes: [{ algorithm: "sha-256", value: new Uint8Array(hash) }],
  });
  return main.square(1).then(() => "open", () => "refused");
};
`;

describeWith("a page in Chromium, over HTTP/3", chromium(), (executablePath) => {
  const certificate = developmentCertificate();
  let pages: Server;
  let browser: Browser;
  let page: Page;
  let server: WebTransportServer;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: script, resolveDir: fileURLToPath(new URL("../../", import.meta.url)) },
      bundle: true,
      platform: "browser",
      format: "esm",
      write: false,
    });
    pages = createServer((request, response) => {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      const html = '<!doctype html><script type="module" src="/page.js"></script>';
      response.end(isScript ? outputFiles[0]?.text : html);
    });
    await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    server = await serveWebTransport({ ...certificate, origins: [origin] }, (transport) => {
      acceptWebTransportRpcSession(transport, new Main());
    });
    browser = await chromiumDriver.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction("globalThis.talk !== undefined");
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await new Promise((resolve) => pages.close(resolve));
  });

  const run = (name: string, url: string): Promise<unknown> =>
    page.evaluate(`${name}(${JSON.stringify(url)}, [${certificate.hash.value.join()}])`);

  test("calls, is called back, and moves bytes", async () => {
    const expected = { squares: 81, called: "hello you!", sum: 3_500_000 };
    expect(await run("talk", server.url)).toEqual(expected);
    expect(await run("talk", server.url)).toEqual(expected);
  });

  test("is refused where its origin is not wanted, and at another path", async () => {
    expect(await run("refused", server.url.replace("/wt", "/other"))).toBe("refused");
    const closed = await serveWebTransport({ ...certificate, origins: [] }, () => undefined);
    expect(await run("refused", closed.url)).toBe("refused");
    await closed.close();
  });
});
