/** Something outside this repository that a test needs: there, or missing for a reason. */
export type Peer<T> =
  | { readonly name: string; readonly found: T }
  | { readonly name: string; readonly lack: string };

/** Finds an executable by name on the `PATH`; `found` is its full path. */
export function command(name: string): Peer<string>;

/** Finds a Python that imports all of `modules`, the peers' own before the system's; `found` is its full path. */
export function python(...modules: readonly string[]): Peer<string>;

/** Finds a Chromium or Chrome; `found` is its full path. */
export function chromium(): Peer<string>;

/** Finds a JDK and jar files that `install.sh` fetched, such as `sbe-all`; `found` is their class path. */
export function java(...jars: readonly string[]): Peer<string>;

/**
 * Finds a JavaScript runtime other than Node, on the `PATH` or where `install.sh` put it; `npmPackage` is the one its
 * program comes in. `found` is its full path.
 */
export function runtime(name: string, npmPackage: string): Peer<string>;

/** Whether tests may make networks of their own: root, Linux namespaces, TUN devices and a C++ compiler. */
export function namespaces(): Peer<true>;
