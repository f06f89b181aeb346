import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { type DwcpNode, type DwcpNodeOptions, startDwcpNode } from "@proj/dwcp/node";
import type { SessionSecurity } from "#src/session/security.js";

const fixtures = join(import.meta.dirname, "../../test/fixtures/tls");
const psk = { mode: "psk", key: new TextEncoder().encode("both sides know this") } as const;
const mtls = { mode: "mtls" } as const;
const object = randomBytes(1_000_000);

function pem(name: string): Buffer {
  return readFileSync(join(fixtures, `${name}.pem`));
}

function certificateOf(name: string): { cert: Buffer; key: Buffer; ca: Buffer } {
  return { cert: pem(`${name}.cert`), key: pem(`${name}.key`), ca: pem("authority.cert") };
}

describe("B3: sessions inside TLS", () => {
  let folder: string;
  const nodes: DwcpNode[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dwcp-tls-"));
  });

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: Partial<DwcpNodeOptions>): Promise<DwcpNode> {
    const node = await startDwcpNode({
      nodeId: "node",
      security: psk,
      streams: { minStreams: 1, initialStreams: 3, maxStreams: 8 },
      ...options,
    });
    nodes.push(node);
    return node;
  }

  function receiver(security: SessionSecurity): Promise<DwcpNode> {
    const tls = certificateOf("receiver");
    const listen = { host: "127.0.0.1", port: 0, tls };
    return start({ nodeId: "receiver", security, listen, store: folder });
  }

  async function send(to: DwcpNode, security: SessionSecurity, tls?: ConnectionOptions) {
    const sender = await start({
      nodeId: "sender",
      security,
      ...(tls === undefined ? {} : { tls }),
    });
    if (to.address === undefined) throw new Error("it listens");
    const { port } = to.address;
    return sender.send({ host: "127.0.0.1", port }, { key: "k", from: object });
  }

  test.each([
    ["a pre-shared key", psk, { ca: pem("authority.cert") }],
    ["certificates of both sides", mtls, certificateOf("sender")],
  ])("authenticated by %s", async (_, security, tls) => {
    const to = await receiver(security);
    await send(to, security, tls);
    const path = to.store?.latest("k")?.path ?? "";
    expect(readFileSync(path).equals(object)).toBe(true);
  });

  test.each<[string, SessionSecurity, ConnectionOptions | undefined]>([
    ["whose authority nobody trusts", mtls, certificateOf("stranger")],
    ["without a certificate", mtls, { ca: pem("authority.cert") }],
    ["with another key", { mode: "psk", key: new Uint8Array(16) }, { ca: pem("authority.cert") }],
  ])("refuses a peer %s", async (_, security, tls) => {
    const to = await receiver(security.mode === "mtls" ? mtls : psk);
    await expect(send(to, security, tls)).rejects.toMatchObject({ code: "dwcp.auth_failed" });
    expect(to.store?.latest("k")).toBeUndefined();
  });

  test("refuses to send to a receiver whose authority it does not trust", async () => {
    const to = await receiver(psk);
    const tls = { ca: pem("stranger.cert") };
    await expect(send(to, psk, tls)).rejects.toMatchObject({ code: "dwcp.auth_failed" });
  });

  test("refuses to believe in certificates where there is no TLS", async () => {
    const listen = { host: "127.0.0.1", port: 0 };
    const to = await start({ nodeId: "receiver", security: mtls, listen, store: folder });
    await expect(send(to, mtls)).rejects.toMatchObject({ code: "dwcp.auth_failed" });
  });
});
