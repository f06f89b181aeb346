import { isLoopback } from "@proj/xcp-framing/node";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type ListenUrl, parseListenUrl, withTls } from "./listen-url.js";
import type { ProblemCollector } from "./problem-collector.js";
import type { ListenConfig } from "./schema.js";
import { type EndpointSecrets, readTlsFiles } from "./tls-files.js";

/** Checks the endpoints of a node, each by itself and all against one another. */
export class EndpointChecker {
  readonly #problems: ProblemCollector;
  readonly #taken = new Map<string, string>();

  /** Problems go to `problems`. */
  constructor(problems: ProblemCollector) {
    this.#problems = problems;
  }

  /** Checks one entry of `listen` and reads its files; `undefined` for one without TLS. */
  check(endpoint: ListenConfig, index: number): EndpointSecrets | undefined {
    const field = `listen[${index}]`;
    const url = parseListenUrl(endpoint.url);
    if (typeof url === "string") {
      this.#problems.add(`${field}.url`, url);
    } else {
      if (url.kind === "unix") this.claim(`${field}.url`, url.path);
      else this.claimPort(`${field}.url`, url.host, url.port);
      this.#origins(`${field}.origins`, endpoint, url);
      if (url.kind === "unix") this.#socket(field, endpoint, url.path);
      else this.#protection(field, endpoint, url);
    }
    return endpoint.tls && readTlsFiles(this.#problems, `${field}.tls`, endpoint.tls);
  }

  /** Notes that `field` takes a port; a problem where another field has it already. Port 0 is nobody's. */
  claimPort(field: string, host: string, port: number): void {
    if (port !== 0) this.claim(field, `${host}:${port}`);
  }

  /** Notes that `field` takes an address; a problem where another field has it already. */
  claim(field: string, address: string): void {
    const earlier = this.#taken.get(address);
    if (earlier === undefined) this.#taken.set(address, field);
    else {
      this.#problems.add(field, `${address} is already taken by ${earlier}`, "choose another one");
    }
  }

  #origins(field: string, { origins }: ListenConfig, url: ListenUrl): void {
    const scheme = url.kind === "unix" ? "unix" : url.scheme;
    if (origins.length > 0 && scheme !== "ws" && scheme !== "wss") {
      this.#problems.add(field, `${scheme}: knows no origins`, "remove it");
    }
  }

  #socket(field: string, { tls }: ListenConfig, path: string): void {
    if (tls !== undefined) {
      this.#problems.add(`${field}.tls`, "a Unix socket has no TLS", "remove it");
    }
    if (existsSync(dirname(path))) return;
    this.#problems.add(
      `${field}.url`,
      `the folder ${dirname(path)} does not exist`,
      "create it, or choose another folder",
    );
  }

  #protection(
    field: string,
    endpoint: ListenConfig,
    { scheme, host }: Extract<ListenUrl, { kind: "inet" }>,
  ): void {
    const secure = withTls.get(scheme);
    if (secure === undefined) {
      if (endpoint.tls === undefined) {
        this.#problems.add(`${field}.tls`, `${scheme}: needs a certificate`);
      }
      return;
    }
    if (endpoint.tls !== undefined) {
      this.#problems.add(
        `${field}.tls`,
        `${scheme}: does not use TLS`,
        `write ${secure}: or remove tls`,
      );
    }
    if (!endpoint.allow_insecure && !isLoopback(host)) {
      this.#problems.add(
        `${field}.url`,
        `${host} can be reached from other hosts and ${scheme}: is not protected`,
        "use xcps, wss or h2 with tls, listen on 127.0.0.1, or set allow_insecure = true",
      );
    }
  }
}
