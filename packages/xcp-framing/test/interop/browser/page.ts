import { CodecId, equalBytes, formatHex, SeededRandom } from "@proj/wire-types";
import { connectXcpWeb, createWebPlatform } from "@proj/xcp-framing/web";

/** One exchange that the page is asked for. */
export interface Scenario {
  readonly url: string;
  readonly bytes: number;
  readonly codec: "PROTOBUF" | "JSON";
  /** Compressible bytes are sent compressed. */
  readonly compress: boolean;
  /** The shared secret of CRYPT, one number per byte. */
  readonly key?: readonly number[];
}

/** What the page saw. */
export interface Report {
  readonly profile: string;
  readonly encrypted: boolean;
  readonly transport: string;
  readonly sentSha256: string;
  readonly echoed: boolean;
  readonly wireBytes: number;
  readonly wireFrames: number;
  readonly pingUs: number;
}

/** Connects, sends a message, and compares what comes back. */
export async function exchange(scenario: Scenario): Promise<Report> {
  const platform = await createWebPlatform();
  const client = await connectXcpWeb(scenario.url, {
    platform,
    compression: { mode: scenario.compress ? "on" : "off" },
    ...(scenario.key === undefined
      ? {}
      : { key: Uint8Array.from(scenario.key), cryptPolicy: "required" }),
  });
  const connection = await client.connect();
  const body = bodyOf(scenario);
  const reply = await client.request({ bodyCodec: CodecId[scenario.codec], body });
  const pingUs = await client.ping();
  const { sent } = connection.stats();
  const report: Report = {
    profile: connection.negotiated.profile,
    encrypted: connection.negotiated.crypt,
    transport: connection.info.transport,
    sentSha256: formatHex(platform.crypto.sha256([body])),
    echoed: equalBytes(reply.body, body),
    wireBytes: sent.bytes,
    wireFrames: sent.frames,
    pingUs,
  };
  await client.close();
  return report;
}

function bodyOf({ bytes, codec, compress }: Scenario): Uint8Array {
  if (codec === "JSON") {
    return new TextEncoder().encode(JSON.stringify({ text: "grüße ".repeat(bytes / 7) }));
  }
  return compress
    ? Uint8Array.from({ length: bytes }, (_, at) => (at >> 6) & 0xff)
    : new SeededRandom(bytes).fill(new Uint8Array(bytes));
}

/** What the test calls in the page. */
export interface PageGlobals {
  readonly xcp: { readonly exchange: typeof exchange };
}
Object.assign(globalThis, { xcp: { exchange } });
