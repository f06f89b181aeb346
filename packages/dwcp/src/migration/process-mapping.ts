/** A stretch of a process's memory, as `/proc/<pid>/maps` of Linux has it. */
export interface ProcessMapping {
  /** Address of the first byte. */
  readonly start: number;
  /** In bytes. */
  readonly length: number;
  /** Whether the process may write there. */
  readonly isWritable: boolean;
  /** Path of the mapped file, a name such as `[heap]`, or nothing. */
  readonly name: string;
}

/** start-end permissions offset device inode, and a name where there is one. */
const MAPPING =
  /^(?<start>[0-9a-f]{1,16})-(?<end>[0-9a-f]{1,16}) (?<permissions>[rwxsp-]{4}) \S+ \S+ \S+ *(?<name>.*)$/;

/** Reads the mappings of a process; lines of another form, and addresses beyond 2^53, are left out. */
export function parseMappings(text: string): readonly ProcessMapping[] {
  return text.split("\n").flatMap((line) => {
    const { start = "", end = "", permissions = "", name = "" } = MAPPING.exec(line)?.groups ?? {};
    const [first, behind] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    if (!Number.isSafeInteger(behind) || behind <= first) return [];
    return { start: first, length: behind - first, isWritable: permissions[1] === "w", name };
  });
}

/** Whether a mapping is memory that a process writes to, and not a device's or the kernel's. */
export function isOwnMemory({ isWritable, name }: ProcessMapping): boolean {
  return isWritable && !name.startsWith("/dev/") && !name.startsWith("[v");
}
