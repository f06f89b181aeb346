import { isIP } from "node:net";

/** Tells whether a host, without brackets, is one that only this machine reaches: `localhost`, `127.0.0.0/8`, `::1`. */
export function isLoopback(host: string): boolean {
  switch (isIP(host)) {
    case 4:
      return host.startsWith("127.");
    case 6:
      return isLoopback6(host);
    default:
      return host.toLowerCase() === "localhost";
  }
}

// An IPv6 address has many spellings; the URL parser knows the shortest one.
function isLoopback6(host: string): boolean {
  const [address = ""] = host.split("%");
  const shortest = new URL(`http://[${address}]`).hostname;
  // ::ffff:127.0.0.0/104, an IPv4 loopback address in IPv6's form.
  return shortest === "[::1]" || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(shortest);
}
