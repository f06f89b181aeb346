import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { configFields } from "./fields.js";
import { isLoopback, parseEndpointUrl, secureSchemes } from "./listen-url.js";
import type { ConfigProblem } from "./problem.js";
import type { ListenConfig, NodeConfig, TlsConfig } from "./schema.js";
import { isProblem, readKeyFile, readNamedFile, readSecretFile } from "./secret-file.js";

/** The PEM texts of one endpoint. */
export interface EndpointSecrets {
  /** Certificate chain. */
  readonly cert: Uint8Array;
  /** Private key. */
  readonly key: Uint8Array;
  /** Authorities of clients, for mTLS. */
  readonly clientCa: Uint8Array | undefined;
}

/** Contents of the files that a configuration names. */
export interface NodeSecrets {
  /** By index of `listen`; `undefined` for an endpoint without TLS. */
  readonly endpoints: readonly (EndpointSecrets | undefined)[];
  /** The key of CRYPT. */
  readonly key: Uint8Array | undefined;
  /** The credential that peers must present. */
  readonly auth: Uint8Array | undefined;
}

/** Where a configuration comes from. */
export interface ReferenceOptions {
  /** Its name in problems. */
  readonly file: string;
  /** What relative paths in it are relative to. */
  readonly folder: string;
}

/** Checks what one field alone cannot tell: files, addresses, and fields that need or exclude one another. */
export function checkReferences(
  config: NodeConfig,
  options: ReferenceOptions,
): { readonly problems: readonly ConfigProblem[]; readonly secrets: NodeSecrets } {
  const checker = new ReferenceChecker(config, options);
  return { secrets: checker.run(), problems: checker.problems };
}

class ReferenceChecker {
  readonly problems: ConfigProblem[] = [];
  readonly #config: NodeConfig;
  readonly #options: ReferenceOptions;

  constructor(config: NodeConfig, options: ReferenceOptions) {
    this.#config = config;
    this.#options = options;
  }

  run(): NodeSecrets {
    const { listen, security, codecs, admin } = this.#config;
    const seen = new Map<string, number>();
    const endpoints = listen.map((endpoint, i) => this.#endpoint(endpoint, i, seen));
    const key = this.#key(security);
    const auth = this.#auth(security);
    for (const [i, name] of codecs.order.entries()) {
      if (codecs.order.indexOf(name) !== i) {
        this.#add(`codecs.order[${i}]`, `${name} is listed twice`, "remove it");
      }
    }
    if (codecs.policy === "BinaryRequired" && codecs.order.every((name) => name === "JSON")) {
      this.#add(
        "codecs.policy",
        "BinaryRequired leaves no codec",
        "list a binary codec in codecs.order",
      );
    }
    if (admin.enabled && !admin.allow_remote && !isLoopback(admin.host)) {
      this.#add(
        "admin.host",
        `${admin.host} can be reached from other hosts`,
        'write host = "127.0.0.1", or set allow_remote = true behind a firewall',
      );
    }
    return { endpoints, key, auth };
  }

  #endpoint(
    endpoint: ListenConfig,
    index: number,
    seen: Map<string, number>,
  ): EndpointSecrets | undefined {
    const field = `listen[${index}]`;
    const url = parseEndpointUrl(endpoint.url);
    if (typeof url === "string") {
      this.#add(`${field}.url`, url);
    } else if (url.kind === "unix") {
      if (endpoint.tls !== undefined)
        this.#add(`${field}.tls`, "a Unix socket has no TLS", "remove it");
      if (!existsSync(dirname(url.path))) {
        this.#add(`${field}.url`, `the folder ${dirname(url.path)} does not exist`, "create it");
      }
    } else {
      this.#duplicate(`${url.host}:${url.port}`, url.port, index, seen);
      const secure = secureSchemes.has(url.scheme);
      if (endpoint.origins.length > 0 && url.scheme !== "ws" && url.scheme !== "wss") {
        this.#add(`${field}.origins`, `${url.scheme}: knows no origins`, "remove it");
      }
      if (secure && endpoint.tls === undefined) {
        this.#add(`${field}.tls`, `${url.scheme}: needs a certificate`);
      }
      if (!secure && endpoint.tls !== undefined) {
        const other = { xcp: "xcps", ws: "wss", h2c: "h2" }[url.scheme as "xcp"];
        this.#add(
          `${field}.tls`,
          `${url.scheme}: does not use TLS`,
          `write ${other}: or remove tls`,
        );
      }
      if (!secure && !endpoint.allow_insecure && !isLoopback(url.host)) {
        this.#add(
          `${field}.url`,
          `${url.host} can be reached from other hosts and ${url.scheme}: is not protected`,
          "use xcps, wss or h2 with tls, listen on 127.0.0.1, or set allow_insecure = true",
        );
      }
    }
    return endpoint.tls === undefined ? undefined : this.#tls(`${field}.tls`, endpoint.tls);
  }

  #duplicate(address: string, port: number, index: number, seen: Map<string, number>): void {
    const earlier = port === 0 ? undefined : seen.get(address);
    if (earlier !== undefined) {
      this.#add(
        `listen[${index}].url`,
        `${address} is already taken by listen[${earlier}]`,
        "choose another port",
      );
    }
    seen.set(address, index);
  }

  #tls(field: string, tls: TlsConfig): EndpointSecrets | undefined {
    const cert = this.#read(readNamedFile, `${field}.cert`, tls.cert);
    const key = this.#read(readSecretFile, `${field}.key`, tls.key);
    const clientCa =
      tls.client_ca === undefined
        ? undefined
        : this.#read(readNamedFile, `${field}.client_ca`, tls.client_ca);
    const certificate = cert && this.#certificate(`${field}.cert`, cert);
    if (clientCa !== undefined) this.#certificate(`${field}.client_ca`, clientCa);
    if (key !== undefined) this.#privateKey(`${field}.key`, key, certificate);
    return cert && key ? { cert, key, clientCa } : undefined;
  }

  #certificate(field: string, pem: Uint8Array): X509Certificate | undefined {
    try {
      const certificate = new X509Certificate(pem);
      if (new Date(certificate.validTo).getTime() < Date.now()) {
        this.#add(field, `the certificate expired on ${certificate.validTo}`, "renew it");
      }
      return certificate;
    } catch {
      this.#add(field, "it holds no PEM certificate");
      return undefined;
    }
  }

  #privateKey(field: string, pem: Uint8Array, certificate: X509Certificate | undefined): void {
    try {
      const key = createPrivateKey(Buffer.from(pem));
      if (certificate !== undefined && !certificate.checkPrivateKey(key)) {
        this.#add(
          field,
          "it is not the key of the certificate",
          "name the key that belongs to cert",
        );
      }
    } catch {
      this.#add(field, "it holds no PEM private key without a passphrase");
    }
  }

  #key(security: NodeConfig["security"]): Uint8Array | undefined {
    if (security.key_file === undefined) {
      if (security.crypt !== "off") {
        this.#add("security.key_file", `crypt = "${security.crypt}" needs a key`);
      }
      return undefined;
    }
    if (security.crypt === "off") {
      this.#add(
        "security.crypt",
        "key_file is given, but crypt is off",
        'write crypt = "required" or "allowed", or remove key_file',
      );
    }
    return this.#read(readKeyFile, "security.key_file", security.key_file);
  }

  #auth(security: NodeConfig["security"]): Uint8Array | undefined {
    if (security.auth_file === undefined) return undefined;
    const bytes = this.#read(readSecretFile, "security.auth_file", security.auth_file);
    if (bytes === undefined) return undefined;
    const credential = withoutLineBreak(bytes);
    if (credential.length < 16 || credential.length > 4096) {
      this.#add(
        "security.auth_file",
        `the credential has ${credential.length} bytes`,
        "write one, for instance with: openssl rand -hex 32",
      );
    }
    return credential;
  }

  #read(read: typeof readSecretFile, field: string, path: string): Uint8Array | undefined {
    const mention = { file: this.#options.file, field, path: resolve(this.#options.folder, path) };
    const result = read(mention, { allowOpen: this.#config.security.allow_open_key_files });
    if (!isProblem(result)) return result;
    this.problems.push(result);
    return undefined;
  }

  #add(field: string, problem: string, fix?: string): void {
    const known = configFields.get(field.replaceAll(/\[\d+\]/g, "[]"));
    this.problems.push({
      file: this.#options.file,
      field,
      problem,
      allowed: known?.allowed ?? "",
      fix: fix ?? `write, for instance: ${known?.example ?? ""}`,
    });
  }
}

/** A credential without the line break that editors put at the end of a file. */
export function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
