// What tests and benchmarks need from outside the repository. It runs without a test runner.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const venv = fileURLToPath(new URL("../../.cache/peers/venv/bin/python", import.meta.url));

export function command(name) {
  const found = onPath(name);
  return found === undefined ? { name, lack: `no ${name} on the PATH` } : { name, found };
}

export function python(...modules) {
  const name = "python";
  const interpreters = [venv, onPath("python3")].filter(
    (path) => path !== undefined && existsSync(path),
  );
  if (interpreters.length === 0) return { name, lack: "no python3 on the PATH" };
  const script = modules.map((module) => `import ${module}`).join("\n");
  const found = interpreters.find(
    (path) => spawnSync(path, ["-c", script], { stdio: "ignore" }).status === 0,
  );
  return found === undefined
    ? { name, lack: `no Python that imports ${modules.join(", ")}` }
    : { name, found };
}

export function chromium() {
  const name = "chromium";
  const names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
  const found = names.map(onPath).find((path) => path !== undefined);
  return found === undefined
    ? { name, lack: `none of ${names.join(", ")} on the PATH` }
    : { name, found };
}

export function java(...jars) {
  const name = "java";
  for (const program of ["java", "javac"]) {
    if (onPath(program) === undefined) return { name, lack: `no ${program} on the PATH` };
  }
  const files = jars.map((jar) =>
    fileURLToPath(new URL(`../../.cache/peers/${jar}.jar`, import.meta.url)),
  );
  const lacking = jars.filter((_, index) => !existsSync(files[index]));
  return lacking.length === 0
    ? { name, found: files.join(delimiter) }
    : { name, lack: `no ${lacking.join(", ")} in .cache/peers: tools/peers/install.sh fetches it` };
}

export function runtime(name, npmPackage) {
  const path = `../../.cache/peers/runtimes/node_modules/${npmPackage}/bin/${name}`;
  const found = onPath(name) ?? fileURLToPath(new URL(path, import.meta.url));
  return isExecutable(found)
    ? { name, found }
    : {
        name,
        lack: `no ${name} on the PATH or in .cache/peers: tools/peers/install.sh fetches it`,
      };
}

export function namespaces() {
  const name = "namespaces";
  if (process.platform !== "linux") return { name, lack: "no Linux" };
  if (process.geteuid() !== 0) return { name, lack: "not root" };
  for (const program of ["ip", "nsenter", process.env.CXX ?? "c++"]) {
    if (onPath(program) === undefined) return { name, lack: `no ${program} on the PATH` };
  }
  if (!existsSync("/dev/net/tun")) return { name, lack: "no /dev/net/tun" };
  const { status } = spawnSync("unshare", ["--net", "ip", "tuntap", "add", "try0", "mode", "tun"]);
  return status === 0 ? { name, found: true } : { name, lack: "this system allows no namespaces" };
}

function onPath(name) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
