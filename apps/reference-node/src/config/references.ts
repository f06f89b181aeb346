import type { PoolConfig } from "@proj/tensor-pool";
import { isLoopback } from "@proj/xcp-framing/node";
import { configFromEnvironment, readConfig } from "@proj/dwcp";
import { readConfigFile } from "@proj/dwcp/node";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { workerProblem } from "../dcquic/worker-settings.js";
import { checkJobs } from "../jobs/check-jobs.js";
import { settingsOf } from "../replicate/dwcp-settings.js";
import { defaultPool } from "../tensor/default-pool.js";
import { readPoolFile } from "../tensor/pool-file.js";
import { EndpointChecker } from "./endpoints.js";
import type { Environment } from "./environment.js";
import type { ConfigProblem } from "./problem.js";
import { ProblemCollector } from "./problem-collector.js";
import type { NodeConfig } from "./schema.js";
import { readKeyFile, readSecretFile } from "./secret-file.js";
import type { EndpointSecrets } from "./tls-files.js";

/** What dcQUIC needs besides its table. */
interface DcquicSecrets {
  readonly key: Uint8Array;
  /** Absolute. */
  readonly receiveFolder: string | undefined;
  /** Absolute. */
  readonly traceFile: string | undefined;
}

/** What taking replicas needs besides its table. */
interface DwcpSecrets {
  readonly key: Uint8Array;
  /** Absolute. */
  readonly receiveFolder: string;
  /** Settings of the transport and the encoding, nested, as their file holds them. */
  readonly settings: unknown;
  /** Absolute. */
  readonly stateFolder: string;
}

/** Contents of the files that a configuration names. */
export interface NodeSecrets {
  /** By index of `listen`; `undefined` for an endpoint without TLS. */
  readonly endpoints: readonly (EndpointSecrets | undefined)[];
  /** The key of CRYPT. */
  readonly key: Uint8Array | undefined;
  /** The credential that peers must present. */
  readonly auth: Uint8Array | undefined;
  /** Absolute path of the file with the control API's token, if one is named. It may not exist yet. */
  readonly controlTokenFile: string | undefined;
  /** The tensor pools, where the node is to keep some. */
  readonly tensorPool: PoolConfig | undefined;
  /** What dcQUIC needs, where the node speaks it. */
  readonly dcquic: DcquicSecrets | undefined;
  /** What DWCP needs, where the node takes replicas. */
  readonly dwcp: DwcpSecrets | undefined;
}

/** Where a configuration comes from. */
export interface ReferenceOptions {
  /** Its name in problems. */
  readonly file: string;
  /** What relative paths in it are relative to. */
  readonly folder: string;
  /** The environment, which overrides single keys of the tensor pools. */
  readonly environment: Environment;
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
  readonly #config: NodeConfig;
  readonly #collector: ProblemCollector;
  readonly #folder: string;
  readonly #environment: Environment;
  readonly #elsewhere: ConfigProblem[] = [];

  constructor(config: NodeConfig, { file, folder, environment }: ReferenceOptions) {
    this.#environment = environment;
    this.#config = config;
    const allowOpen = config.security.allow_open_key_files;
    this.#folder = folder;
    this.#collector = new ProblemCollector({ file, folder, allowOpen });
  }

  get problems(): readonly ConfigProblem[] {
    return [...this.#collector.problems, ...this.#elsewhere];
  }

  run(): NodeSecrets {
    const { listen, security, codecs, admin, control, dcquic } = this.#config;
    const checker = new EndpointChecker(this.#collector);
    const endpoints = listen.map((endpoint, i) => checker.check(endpoint, i));
    if (admin.enabled) checker.claimPort("admin.port", admin.host, admin.port);
    if (control.enabled) checker.claimPort("control.port", control.host, control.port);
    if (dcquic.enabled) checker.claimPort("dcquic.port", dcquic.host, dcquic.port);
    const key = this.#key(security);
    const auth = this.#credential("security.auth_file", security.auth_file);
    for (const [i, name] of codecs.order.entries()) {
      if (codecs.order.indexOf(name) !== i) {
        this.#collector.add(`codecs.order[${i}]`, `${name} is listed twice`, "remove it");
      }
    }
    if (codecs.policy === "BinaryRequired" && codecs.order.every((name) => name === "JSON")) {
      this.#collector.add(
        "codecs.policy",
        "BinaryRequired leaves no codec",
        "list a binary codec in codecs.order",
      );
    }
    this.#staysHere("admin", admin);
    this.#staysHere("control", control);
    const controlTokenFile = this.#tokenFile(control);
    const tensorPool = this.#tensorPool();
    const [dcquicSecrets, dwcp] = [this.#dcquic(), this.#dwcp()];
    return { endpoints, key, auth, controlTokenFile, tensorPool, dcquic: dcquicSecrets, dwcp };
  }

  #dcquic(): DcquicSecrets | undefined {
    const { enabled, key_file: named, receive_folder, trace_file } = this.#config.dcquic;
    if (!enabled) return undefined;
    const problem = workerProblem(this.#config.dcquic, availableParallelism());
    if (problem !== undefined) this.#collector.add("dcquic", problem);
    if (named === undefined) this.#collector.add("dcquic.key_file", "enabled = true needs a key");
    const key = named && this.#collector.read(readKeyFile, "dcquic.key_file", named);
    if (!key) return undefined;
    const [receiveFolder, traceFile] = [receive_folder, trace_file].map(
      (path) => path && resolve(this.#folder, path),
    );
    return { key, receiveFolder, traceFile };
  }

  #dwcp(): DwcpSecrets | undefined {
    const { enabled, key_file: named, receive_folder: folder } = this.#config.dwcp;
    if (!enabled) return undefined;
    if (named === undefined) this.#collector.add("dwcp.key_file", "enabled = true needs a key");
    if (folder === undefined) {
      this.#collector.add("dwcp.receive_folder", "enabled = true needs a folder for replicas");
    }
    if (named === undefined || folder === undefined) return undefined;
    const key = this.#collector.read(readKeyFile, "dwcp.key_file", named);
    checkJobs(this.#config.dwcp, this.#collector);
    const settings = this.#dwcpSettings();
    if (key === undefined || settings === undefined) return undefined;
    const { state_folder: state = join(folder, ".jobs") } = this.#config.dwcp;
    return {
      key,
      settings,
      receiveFolder: resolve(this.#folder, folder),
      stateFolder: resolve(this.#folder, state),
    };
  }

  #dwcpSettings(): unknown {
    const { dwcp, node } = this.#config;
    try {
      const named = dwcp.settings_file;
      const found =
        named === undefined
          ? configFromEnvironment(this.#environment)
          : readConfigFile(resolve(this.#folder, named), this.#environment);
      const settings = settingsOf(found, dwcp, node.name);
      const read = readConfig(settings);
      if (read.kind === "config") return settings;
      for (const { path, problem } of read.problems) {
        this.#collector.add("dwcp.settings_file", `${path}: ${problem}`);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#collector.add("dwcp.settings_file", reason);
    }
    return undefined;
  }

  // What is wrong in the file of the pools is told with its own name.
  #tensorPool(): PoolConfig | undefined {
    const { enabled, pool_file: named } = this.#config.tensor;
    if (!enabled) return undefined;
    if (named === undefined) return defaultPool();
    const read = readPoolFile(resolve(this.#folder, named), this.#environment);
    if ("config" in read) return read.config;
    this.#elsewhere.push(...read.problems);
    return undefined;
  }

  #staysHere(table: string, server: NodeConfig["admin" | "control"]): void {
    if (!server.enabled || server.allow_remote || isLoopback(server.host)) return;
    this.#collector.add(
      `${table}.host`,
      `${server.host} can be reached from other hosts`,
      'write host = "127.0.0.1", or set allow_remote = true behind a firewall',
    );
  }

  #key(security: NodeConfig["security"]): Uint8Array | undefined {
    if (security.key_file === undefined) {
      if (security.crypt !== "off") {
        this.#collector.add("security.key_file", `crypt = "${security.crypt}" needs a key`);
      }
      return undefined;
    }
    if (security.crypt === "off") {
      this.#collector.add(
        "security.crypt",
        "key_file is given, but crypt is off",
        'write crypt = "required" or "allowed", or remove key_file',
      );
    }
    return this.#collector.read(readKeyFile, "security.key_file", security.key_file);
  }

  // A file that does not exist is made at the start.
  #tokenFile({ enabled, token_file: named }: NodeConfig["control"]): string | undefined {
    if (named === undefined) return undefined;
    const path = resolve(this.#folder, named);
    if (enabled && existsSync(path)) this.#credential("control.token_file", path);
    return path;
  }

  #credential(field: string, path: string | undefined): Uint8Array | undefined {
    if (path === undefined) return undefined;
    const bytes = this.#collector.read(readSecretFile, field, path);
    if (bytes === undefined) return undefined;
    const credential = withoutLineBreak(bytes);
    if (credential.length < 16 || credential.length > 4096) {
      this.#collector.add(
        field,
        `the credential has ${credential.length} bytes`,
        "write one, for instance with: openssl rand -hex 32",
      );
    }
    return credential;
  }
}

/** A credential without the line break that editors put at the end of a file. */
export function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}
