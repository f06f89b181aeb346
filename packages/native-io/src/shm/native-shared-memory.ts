import { available, type Capability, missing } from "../capability.js";
import { NativeIoError } from "../errors.js";
import { hugepagesCapability } from "./hugepages.js";
import { lockCapability } from "./locking.js";
import { NativeFolders } from "./native-folders.js";
import type { SharedMemory, ShmCopy, ShmFolders, ShmPolicy } from "./shared-memory.js";
import type { ShmAddon } from "./shm-addon.js";

// x64 keeps loads in order and stores in order, and no engine moves a plain access across an atomic one.
const ordersByItself = process.arch === "x64" || process.arch === "ia32";

/** Shared memory by the addon: files mapped into this process. */
export class NativeSharedMemory implements SharedMemory {
  readonly #addon: ShmAddon;
  readonly fence: () => void;

  constructor(addon: ShmAddon) {
    this.#addon = addon;
    this.fence = ordersByItself ? () => undefined : addon.fence;
  }

  capabilities(): readonly Capability[] {
    return [
      available("shm.cross_process", "files mapped by the addon"),
      available("shm.detach", "views are empty after unmap"),
      available("shm.fault_guard", "copies survive a truncated file"),
      process.platform === "linux"
        ? available("shm.reserve", "fallocate")
        : missing("shm.reserve", "no fallocate here", "a full medium is found at the first write"),
      hugepagesCapability(),
      lockCapability(this.#addon.lockable()),
    ];
  }

  allow(folders: readonly string[], policy: ShmPolicy = {}): ShmFolders {
    return new NativeFolders(this.#addon, folders, policy);
  }

  copy({ target, targetOffset, source, sourceOffset, length }: ShmCopy): void {
    if (this.#addon.copy(target, targetOffset, source, sourceOffset, length) < 0) {
      throw new NativeIoError("native_io.fault", "a part of the memory to copy is gone");
    }
  }
}
