import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PRIVATE_CODEC_MIN } from "@proj/wire-types";
import { connectXcp, type NetworkScheme, serveXcp } from "@proj/xcp-framing/node";
import type { EchoPeer } from "./peer.js";

const RAW = PRIVATE_CODEC_MIN;
const shared = { codecs: [RAW, 8, 1] };

/** XCP v0.2 with raw bodies over the transport of `scheme`, `localhost` on both ends. */
export function xcpOver(scheme: NetworkScheme): EchoPeer {
  const path = scheme === "ws" || scheme === "h2c" ? "/xcp" : "";
  return {
    async serve() {
      const { urls } = await serveXcp({
        ...shared,
        listen: [`${scheme}://localhost:0${path}`],
        handler: ({ body }) => ({ bodyCodec: RAW, body }),
        ...(scheme === "xcps" && { tls: { cert: pem("server.cert"), key: pem("server.key") } }),
      });
      return Number(urls.map((url) => /:(\d+)(?:\/|$)/.exec(url)?.[1])[0]);
    },
    connect: (port) =>
      connected(`${scheme}://localhost:${port}${path}`, { tls: { ca: pem("authority.cert") } }),
  };
}

/** XCP v0.2 with raw bodies over a Unix socket; its number takes the place of a port in its name. */
export const xcpOverUnix: EchoPeer = {
  async serve() {
    await serveXcp({
      ...shared,
      listen: [unixUrl(process.pid)],
      handler: ({ body }) => ({ bodyCodec: RAW, body }),
    });
    return process.pid;
  },
  connect: (number) => connected(unixUrl(number), {}),
};

async function connected(
  url: string,
  options: Parameters<typeof connectXcp>[1],
): ReturnType<EchoPeer["connect"]> {
  const client = await connectXcp(url, { ...shared, ...options });
  return {
    echo: (body) => client.request({ bodyCodec: RAW, body }).then((reply) => reply.body),
    close: () => void client.close(),
  };
}

function unixUrl(number: number): string {
  return `unix:${join(tmpdir(), `xcp-bench-${number}.sock`)}`;
}

// The certificates of the tests: their authority vouches for localhost.
function pem(name: string): string {
  return readFileSync(new URL(`../../test/fixtures/tls/${name}.pem`, import.meta.url), "utf8");
}
