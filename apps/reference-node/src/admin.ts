import type { LogSink } from "@proj/wire-types";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type HttpAddress, listenHttp } from "./listen-http.js";

/** What the admin endpoint tells. */
export interface AdminSource {
  /** The metrics as Prometheus reads them. */
  metrics(): Promise<string>;
  /** Content type of the metrics. */
  readonly metricsType: string;
  /** Why the node does not take work; `undefined` when it does. */
  notReady(): string | undefined;
}

/** Where the admin endpoint listens. */
export interface AdminOptions extends HttpAddress {
  /** Takes records about failures. */
  readonly log: LogSink;
}

/** A running admin endpoint. */
export interface Admin {
  /** `http://host:port`. */
  readonly url: string;
  /** Closes it and its connections. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

const index = "reference-node\n/metrics\n/health/live\n/health/ready\n";

/**
 * Serves `/metrics`, `/health/live` and `/health/ready` over HTTP.
 *
 * @throws Error as `server.listen` fails, with `code` such as `EADDRINUSE`.
 */
export async function startAdmin(source: AdminSource, options: AdminOptions): Promise<Admin> {
  const server = createServer((request, response) => {
    answer(source, request)
      .catch((error: unknown): Answer => {
        options.log.log({
          level: "error",
          event: "node.admin_failed",
          fields: { error: String(error) },
        });
        return { status: 500, body: "internal error\n" };
      })
      .then((result) => send(request, response, result))
      .catch(() => response.destroy());
  });
  // Nobody has a reason to be slow or numerous here.
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = 64;
  const url = await listenHttp(server, options);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(source: AdminSource, request: IncomingMessage): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, body: "only GET and HEAD\n" };
  }
  const path = request.url?.split("?")[0];
  if (path === "/") return { status: 200, body: index };
  if (path === "/metrics") {
    return { status: 200, type: source.metricsType, body: await source.metrics() };
  }
  if (path === "/health/live") return { status: 200, body: "live\n" };
  if (path === "/health/ready") return readiness(source.notReady());
  return { status: 404, body: `no such page; there are:\n${index}` };
}

function readiness(reason: string | undefined): Answer {
  if (reason === undefined) return { status: 200, body: "ready\n" };
  return { status: 503, body: `not ready: ${reason}\n` };
}

function send(request: IncomingMessage, response: ServerResponse, result: Answer): void {
  response.writeHead(result.status, {
    "content-type": result.type ?? "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(result.status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : result.body);
}
