import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isWireError } from "@proj/wire-types";
import { diffConfig, mergeNested, nestConfig, readConfig } from "../../config/read-config.js";
import { DwcpError } from "../../errors.js";
import type { TrafficReading } from "../net/traffic-tally.js";
import type { DwcpManager } from "./dwcp-manager.js";

/** Where the management interface listens, and who may use it. */
export interface ManagementOptions {
  /** Where it listens; beyond loopback a token is required. */
  readonly host: string;
  /** Of TCP; 0 lets the system choose. */
  readonly port: number;
  /** What callers present as `Authorization: Bearer`; required beyond loopback. */
  readonly token?: string;
}

/** An answer, before it is written. */
interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly text?: string;
  readonly etag?: string;
}

type Route = (request: IncomingMessage, url: URL) => Promise<Answer> | Answer;

const MAX_BODY_BYTES = 1_048_576;
const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/**
 * The management interface of a manager over HTTP.
 *
 * ```
 * GET   /config             the configuration, with its ETag        PUT, PATCH /config   If-Match; ?restart=allow
 * POST  /config/validate    every problem of a configuration        POST /config/diff    what it would change
 * GET   /config/history     earlier ones                            POST /config/rollback?to=<etag>   If-Match
 * GET   /transfers          those under way                         POST /transfers/<id>/{pause,continue,cancel}
 * GET   /sessions           what went between the node and its peers      GET /streams   each stream of each session
 * GET   /migrations         those that are not over                 POST /migrations/<id>/cancel
 * GET   /baselines          states that are kept                    POST /baselines/prune
 * GET   /dictionaries       those that are known                    POST /dictionaries/train
 * GET   /objects            what was received
 * GET   /health/live, /health/ready, /metrics                       without a token
 * ```
 *
 * @see spec/dwcp.md B16
 */
export class ManagementServer {
  readonly #manager: DwcpManager;
  readonly #options: ManagementOptions;
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, Route>;

  /** @throws DwcpError `dwcp.invalid_config` for an address that others can reach without a token. */
  constructor(manager: DwcpManager, options: ManagementOptions) {
    if (options.token === undefined && !LOOPBACK.has(options.host)) {
      throw new DwcpError("dwcp.invalid_config", `${options.host} needs a token`);
    }
    this.#manager = manager;
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#routes = new Map<string, Route>([
      ["GET /config", () => this.#config()],
      ["PUT /config", (request, url) => this.#change(request, url, (body) => body)],
      [
        "PATCH /config",
        (request, url) =>
          this.#change(request, url, (body) => mergeNested(nestConfig(manager.config), body)),
      ],
      ["POST /config/validate", (request) => this.#validate(request)],
      ["POST /config/diff", (request) => this.#diff(request)],
      ["GET /config/history", () => this.#history()],
      ["POST /config/rollback", (request, url) => this.#rollBack(request, url)],
      ["GET /transfers", () => ({ status: 200, body: manager.transfers })],
      ["GET /sessions", () => ({ status: 200, body: manager.traffic.map(printable) })],
      ["GET /streams", () => ({ status: 200, body: manager.streams })],
      ["GET /migrations", () => ({ status: 200, body: manager.migrations })],
      ["GET /baselines", () => ({ status: 200, body: manager.baselines })],
      ["POST /baselines/prune", () => ({ status: 200, body: { pruned: manager.prune() } })],
      ["GET /dictionaries", () => ({ status: 200, body: manager.dictionaries })],
      [
        "POST /dictionaries/train",
        async () => ({ status: 200, body: { trained: await manager.train() } }),
      ],
      ["GET /objects", () => ({ status: 200, body: manager.store?.objects ?? [] })],
    ]);
  }

  /** Begins to listen; the address has the port that the system chose. */
  async open(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  /** Stops. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch(answerOf);
    const { status, body, text, etag } = answer;
    response.writeHead(status, {
      "content-type": text === undefined ? "application/json" : "text/plain; version=0.0.4",
      "cache-control": "no-store",
      ...(etag === undefined ? {} : { etag: `"${etag}"` }),
    });
    response.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { method = "GET", url: target = "/" } = request;
    const url = new URL(target, "http://localhost");
    const { health, metrics } = this.#manager;
    if (method === "GET" && url.pathname === "/health/live") {
      return { status: health.live ? 200 : 503, body: health };
    }
    if (method === "GET" && url.pathname === "/health/ready") {
      return { status: health.ready ? 200 : 503, body: health };
    }
    if (method === "GET" && url.pathname === "/metrics") {
      return { status: 200, text: metrics.render() };
    }
    if (!this.#isAllowed(request)) return refusal(401, "dwcp.auth_failed", "present the token");
    const route = this.#routes.get(`${method} ${url.pathname}`);
    if (route !== undefined) return await route(request, url);
    const steered = /^\/transfers\/(\d{1,15})\/(pause|continue|cancel)$/.exec(url.pathname);
    if (method === "POST" && steered !== null) {
      const verb = steered[2] as "pause" | "continue" | "cancel";
      if (this.#manager[verb](Number(steered[1]))) return { status: 202 };
    }
    const moving = /^\/migrations\/(\d{1,15})\/cancel$/.exec(url.pathname);
    if (method === "POST" && moving !== null && this.#manager.cancelMigration(Number(moving[1]))) {
      return { status: 202 };
    }
    return refusal(404, "dwcp.unsupported", `there is no ${method} ${url.pathname}`);
  }

  // Pages of a browser must not steer a node that trusts its own host.
  #isAllowed({ headers }: IncomingMessage): boolean {
    const { token } = this.#options;
    if (headers.origin !== undefined) return false;
    if (token === undefined) return true;
    const given = headers.authorization ?? "";
    return timingSafeEqual(digest(given), digest(`Bearer ${token}`));
  }

  #config(): Answer {
    const { config, etag } = this.#manager;
    return { status: 200, body: nestConfig(config), etag };
  }

  async #change(
    request: IncomingMessage,
    url: URL,
    toNested: (body: unknown) => unknown,
  ): Promise<Answer> {
    const etag = matchOf(request);
    if (etag === undefined) return refusal(428, "dwcp.conflict", "If-Match is required");
    const read = readConfig(toNested(await bodyOf(request)));
    if (read.kind === "problems") return { status: 422, body: { problems: read.problems } };
    const allowRestart = url.searchParams.get("restart") === "allow";
    const nested = nestConfig(read.config);
    const changes = await this.#manager.reconfigure(nested, { etag, allowRestart });
    return { status: 200, body: { changes }, etag: this.#manager.etag };
  }

  async #validate(request: IncomingMessage): Promise<Answer> {
    const read = readConfig(await bodyOf(request));
    return { status: 200, body: { problems: read.kind === "problems" ? read.problems : [] } };
  }

  async #diff(request: IncomingMessage): Promise<Answer> {
    const read = readConfig(await bodyOf(request));
    if (read.kind === "problems") return { status: 422, body: { problems: read.problems } };
    return { status: 200, body: { changes: diffConfig(this.#manager.config, read.config) } };
  }

  #history(): Answer {
    const versions = this.#manager.history.map(({ etag, config }) => ({
      etag,
      config: nestConfig(config),
    }));
    return { status: 200, body: versions };
  }

  async #rollBack(request: IncomingMessage, url: URL): Promise<Answer> {
    const etag = matchOf(request);
    if (etag === undefined) return refusal(428, "dwcp.conflict", "If-Match is required");
    const to = this.#manager.history.find((version) => version.etag === url.searchParams.get("to"));
    if (to === undefined) return refusal(404, "dwcp.unsupported", "there is no such configuration");
    const allowRestart = url.searchParams.get("restart") === "allow";
    const changes = await this.#manager.reconfigure(nestConfig(to.config), { etag, allowRestart });
    return { status: 200, body: { changes }, etag: this.#manager.etag };
  }
}

function printable(reading: TrafficReading): object {
  return { ...reading, streamDeaths: Object.fromEntries(reading.streamDeaths) };
}

function answerOf(error: unknown): Answer {
  if (!isWireError(error)) return refusal(500, "internal", "it failed");
  const status = { "dwcp.conflict": 412, "dwcp.invalid_config": 409, "dwcp.protocol": 400 }[
    error.code
  ];
  return refusal(status ?? 500, error.code, error.message);
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

function matchOf({ headers }: IncomingMessage): string | undefined {
  return /^"([0-9a-f]+)"$/.exec(headers["if-match"] ?? "")?.[1];
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new DwcpError("dwcp.protocol", "the body is too long");
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (cause) {
    throw new DwcpError("dwcp.protocol", "the body is no JSON", { cause });
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
