import { available, type Capability, missing } from "../capability.js";
import { NativeIoError } from "../errors.js";
import { PortableRmaEndpoint } from "./portable-rma-endpoint.js";
import type { Rma, RmaOptions, RmaProvider } from "./rma.js";
import type { RmaEndpoint } from "./rma-endpoint.js";
import { checkMaxTransfers, checkPort } from "./transfer-checks.js";

/** The one provider of the portable backend: endpoints of this thread reach one another. */
const memory: RmaProvider = {
  name: "memory",
  domain: "this thread",
  addressing: "offset",
  choosesKeys: false,
  maxTransferBytes: Number.MAX_SAFE_INTEGER,
};

/** RMA within this thread, for programs and tests that run everywhere. */
export class PortableRma implements Rma {
  readonly #endpoints = new Map<string, PortableRmaEndpoint>();
  #opened = 0;

  capabilities(): readonly Capability[] {
    return [
      available("rma.memory", "endpoints of this thread"),
      missing(
        "rma.libfabric",
        "no native backend",
        "bulk data between processes and hosts goes by sockets",
      ),
    ];
  }

  providers(): readonly RmaProvider[] {
    return [memory];
  }

  open({ provider, addressing = "offset", maxTransfers = 256, port }: RmaOptions): RmaEndpoint {
    checkMaxTransfers(maxTransfers);
    checkPort(port);
    if (provider !== memory.name || addressing !== memory.addressing) {
      throw new NativeIoError("native_io.unsupported", `no ${provider} endpoint without the addon`);
    }
    const name = `memory:${++this.#opened}`;
    return new PortableRmaEndpoint(memory, name, this.#endpoints, maxTransfers);
  }
}
