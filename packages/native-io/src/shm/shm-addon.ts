/** A descriptor that native/shm.cc holds. */
export interface ShmHandle {
  readonly shmHandle: unique symbol;
}

/** What native/shm.cc exports. Numbers below zero are negative errnos. */
export interface ShmAddon {
  openFolder(path: string): ShmHandle | number;
  open(folder: ShmHandle, relative: string, writable: boolean): ShmHandle | number;
  create(folder: ShmHandle, relative: string, mode: number, folderMode: number): ShmHandle | number;
  unlink(folder: ShmHandle, relative: string): number;
  /** Size, mode, owner, bytes of a page, and 1 on a huge-page file system. */
  facts(file: ShmHandle): readonly [number, number, number, number, number] | number;
  resize(file: ShmHandle, size: number, reserve: boolean): number;
  close(file: ShmHandle): void;
  map(
    file: ShmHandle,
    offset: number,
    length: number,
    writable: boolean,
    prefault: boolean,
  ): ArrayBuffer | number;
  /** `EBUSY` while it is registered for RMA. */
  unmap(buffer: ArrayBuffer): number;
  /** Keeps a mapping's pages in memory until it is unmapped. */
  lock(buffer: ArrayBuffer): number;
  /** Bytes that may be locked without a privilege. */
  lockable(): number;
  copy(
    target: Uint8Array,
    targetOffset: number,
    source: Uint8Array,
    sourceOffset: number,
    length: number,
  ): number;
  fence(): void;
}
