import { available, type Capability, missing } from "../capability.js";
import { errnoName, NativeIoError } from "../errors.js";
import { rdmaLack } from "./rdma-device.js";
import { NativeRmaEndpoint } from "./native-rma-endpoint.js";
import { type Rma, RMA_PROVIDERS, type RmaOptions, type RmaProvider } from "./rma.js";
import { providerOf, type RmaAddon } from "./rma-addon.js";
import type { RmaEndpoint } from "./rma-endpoint.js";
import { rmaError, rmaErrorName } from "./rma-errors.js";
import { checkMaxTransfers, checkPort } from "./transfer-checks.js";

// Amazon's own build knows newer devices than a distribution's, so it comes first. spec/dcquic.md §16.3
const libraries: readonly string[] =
  process.platform === "darwin"
    ? ["libfabric.1.dylib", "/opt/homebrew/lib/libfabric.1.dylib"]
    : [
        "/opt/amazon/efa/lib64/libfabric.so.1",
        "/opt/amazon/efa/lib/libfabric.so.1",
        "libfabric.so.1",
      ];

const NO_LIBRARY_COST = "bulk data between hosts goes by UDP, through the kernel";

/** RMA by libfabric, which is loaded at the first question about it. `NATIVE_IO_LIBFABRIC` names another library. */
export class NativeRma implements Rma {
  readonly #addon: RmaAddon;
  #library: ReturnType<RmaAddon["load"]> | undefined;

  constructor(addon: RmaAddon) {
    this.#addon = addon;
  }

  capabilities(): readonly Capability[] {
    const library = this.#load();
    if (typeof library === "string") {
      return [missing("rma.libfabric", `libfabric does not load: ${library}`, NO_LIBRARY_COST)];
    }
    const found = available("rma.libfabric", `${library.path}, version ${library.version}`);
    return [found, ...RMA_PROVIDERS.map((name) => this.#providerCapability(name))];
  }

  providers(): readonly RmaProvider[] {
    if (typeof this.#load() === "string") return [];
    const found = RMA_PROVIDERS.map((name) => this.#addon.find(name, "", "", true, true));
    return found.filter((each) => typeof each !== "number").map(providerOf);
  }

  open(options: RmaOptions): RmaEndpoint {
    const { provider, source = "", addressing, maxTransfers = 256 } = options;
    checkMaxTransfers(maxTransfers);
    checkPort(options.port);
    const library = this.#load();
    if (typeof library === "string") {
      throw new NativeIoError("native_io.unsupported", `libfabric does not load: ${library}`);
    }
    const virtual = addressing !== "offset";
    const offsets = addressing !== "virtual";
    const handle = this.#addon.open(
      provider,
      source,
      options.port === undefined ? "" : String(options.port),
      virtual,
      offsets,
      maxTransfers,
    );
    if (typeof handle !== "number") return new NativeRmaEndpoint(this.#addon, handle, maxTransfers);
    if (errnoName(handle) !== "ENODATA") throw rmaError(this.#addon, "open endpoint", handle);
    throw new NativeIoError("native_io.unsupported", `no ${provider} endpoint with RMA`);
  }

  #load(): ReturnType<RmaAddon["load"]> {
    const wish = process.env["NATIVE_IO_LIBFABRIC"];
    this.#library ??= this.#addon.load(wish === undefined ? libraries : [wish]);
    return this.#library;
  }

  #providerCapability(provider: string): Capability {
    const name = `rma.${provider}`;
    const found = this.#addon.find(provider, "", "", true, true);
    if (typeof found !== "number") {
      const { domain, addressing, choosesKeys } = providerOf(found);
      const keys = choosesKeys ? "the provider's" : "random";
      return available(name, `${domain}, ${addressing} addresses, ${keys} keys`);
    }
    const why = (hardware.has(provider) ? rdmaLack() : undefined) ?? "not listed with RMA";
    return missing(name, `${why} (${rmaErrorName(this.#addon, found)})`, costs[provider] ?? "");
  }
}

/** Providers that need a device. */
const hardware: ReadonlySet<string> = new Set(["efa", "verbs;ofi_rxm"]);

const costs: Readonly<Record<string, string>> = {
  efa: NO_LIBRARY_COST,
  "verbs;ofi_rxm": NO_LIBRARY_COST,
  shm: "processes of this host exchange bulk data by sockets",
  net: "RMA between hosts without EFA is left to tcp;ofi_rxm",
  "tcp;ofi_rxm": "RMA between hosts without EFA is left to sockets",
  sockets: "nothing, where another provider is there",
};
