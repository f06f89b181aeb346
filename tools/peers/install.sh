#!/usr/bin/env bash
# Installs the foreign programs that the tests compare with, as far as this machine allows.
#
# Standard output is one line: the names that are there afterwards, with commas, for REQUIRE_PEERS.
# What could not be installed is said on standard error; its tests are then skipped with that reason.
set -uo pipefail
cd "$(dirname "$0")/../.."

declare -A package=([capnp]=capnproto [protoc]=protobuf-compiler [chromium]=chromium [zstd]=zstd [valgrind]=valgrind [qemu-system-x86_64]=qemu-system-x86)
modules="pyarrow numpy google_crc32c google.protobuf"
requirements="pyarrow==21.* numpy<3 google-crc32c==1.* protobuf==6.*"
folder=.cache/peers
mkdir -p "$folder"

say() { echo "peers: $*" >&2; }
# Debian has either version of the library, as packages of two names.
multi_buffer() { ldconfig -p 2>/dev/null | grep -q 'libIPSec_MB\.so\.[12] '; }
fabric() { ldconfig -p 2>/dev/null | grep -q 'libfabric\.so\.1 ' && [ -e /usr/include/rdma/fabric.h ]; }
has() { command -v "$1" >/dev/null 2>&1; }
imports() { "$1" -c "import $(echo "$modules" | tr ' ' ',')" >/dev/null 2>&1; }

missing=()
for name in "${!package[@]}"; do has "$name" || missing+=("${package[$name]}"); done
has python3 || missing+=(python3)
multi_buffer || missing+=(libipsec-mb2 libipsec-mb1)
fabric || missing+=(libfabric1 libfabric-dev)
if [ "${#missing[@]}" -gt 0 ]; then
  if has apt-get && [ "$(id -u)" = 0 ]; then
    say "installing ${missing[*]} with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >&2 || say "apt-get update failed"
    for each in "${missing[@]}"; do
      apt-get install -y -qq --no-install-recommends "$each" </dev/null >"$folder/apt-$each.log" 2>&1 ||
        say "apt-get could not install $each: $(tail -n 1 "$folder/apt-$each.log")"
    done
  else
    say "not root on a Debian system: ${missing[*]} must be installed by hand"
  fi
fi

venv="$folder/venv/bin/python"
if ! { [ -x "$venv" ] && imports "$venv"; } && ! { has python3 && imports python3; }; then
  say "installing Python modules: $requirements"
  rm -rf "$folder/venv"
  # Debian keeps ensurepip in a package of its own.
  if has python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null && has apt-get && [ "$(id -u)" = 0 ]; then
    apt-get install -y -qq --no-install-recommends python3-venv </dev/null >&2
  fi
  # shellcheck disable=SC2086 # a list of words
  if ! { python3 -m venv "$folder/venv" && "$venv" -m pip install --quiet $requirements; } </dev/null >"$folder/pip.log" 2>&1; then
    say "pip could not install them: $(tail -n 1 "$folder/pip.log")"
  fi
fi

# A Python peer of Cap'n Web; it needs Python 3.11, which the others do not.
capnweb() { [ -x "$venv" ] && "$venv" -c 'import capnweb.client, capnweb.server' >/dev/null 2>&1; }
if [ -x "$venv" ] && ! capnweb; then
  "$venv" -m pip install --quiet py-capnweb==0.5.0 </dev/null >>"$folder/pip.log" 2>&1
fi

# Java libraries, from Maven Central: file name, path there, SHA-256.
jars="
sbe-all uk/co/real-logic/sbe-all/1.38.1/sbe-all-1.38.1.jar 26e29e5503faa70cc56158fcdacd6369ecfc3088b9a61c90b882feb54451c9b5
aeron-all io/aeron/aeron-all/1.47.4/aeron-all-1.47.4.jar 3c7737bdc458235ac825a9eb372cfbc02144f739f33d9329acf18efa83bc4e07
"
jars_there=yes
while read -r name path sum; do
  [ -n "$name" ] || continue
  jar="$folder/$name.jar"
  intact() { echo "$sum  $1" | sha256sum --check --status 2>/dev/null; }
  intact "$jar" && continue
  say "fetching $name from Maven Central"
  if curl -fsSL --retry 3 -o "$jar.part" "https://repo1.maven.org/maven2/$path" && intact "$jar.part"; then
    mv "$jar.part" "$jar"
  else
    rm -f "$jar.part"
    jars_there=no
    say "could not fetch $name"
  fi
done <<<"$jars"

# Other JavaScript runtimes, from npm: each package is one program, there to be unpacked.
runtimes="$folder/runtimes/node_modules"
case "$(uname -sm)" in
"Linux x86_64")
  workerd_package=@cloudflare/workerd-linux-64
  bun_package=@oven/bun-linux-x64
  ;;
*) workerd_package="" bun_package="" ;;
esac
workerd="$runtimes/$workerd_package/bin/workerd"
bun="$runtimes/$bun_package/bin/bun"
runs() { has "$(basename "$1")" || "$1" --version >/dev/null 2>&1; }
if [ -n "$workerd_package" ] && ! { runs "$workerd" && runs "$bun"; }; then
  say "fetching workerd and Bun from npm"
  npm install --prefix "$folder/runtimes" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    "$workerd_package@1.20261117.1" "$bun_package@1.4.5" </dev/null >"$folder/runtimes.log" 2>&1 ||
    say "npm could not install them: $(tail -n 1 "$folder/runtimes.log")"
fi

there=()
for runtime in "$workerd" "$bun"; do
  name=$(basename "$runtime")
  if runs "$runtime"; then there+=("$name"); else say "$name is missing: its tests are skipped"; fi
done
if [ "$jars_there" = yes ] && has java && has javac; then
  there+=(java)
else
  say "a JDK or its libraries are missing: their tests are skipped"
fi
for name in "${!package[@]}"; do
  if has "$name"; then there+=("$name"); else say "$name is missing: its tests are skipped"; fi
done
if { [ -x "$venv" ] && imports "$venv"; } || { has python3 && imports python3; }; then
  there+=(python)
else
  say "python with its modules is missing: its tests are skipped"
fi
if capnweb; then
  there+=(py-capnweb)
else
  say "py-capnweb is missing: its tests are skipped"
fi
if has postgres; then
  there+=(postgres)
else
  say "postgres is missing: an example is tried with its embedded engine only"
fi
if multi_buffer; then
  there+=(ipsec-mb)
else
  say "libipsec-mb is missing: encryption in batches is tested with OpenSSL only"
fi
if fabric; then
  there+=(libfabric)
else
  say "libfabric with its headers is missing: remote memory access is not tested"
fi
if [ -n "${CXX:-}" ] || has c++ || has g++ || has clang++; then
  there+=(native)
else
  say "a C++ compiler is missing: native tests are skipped"
fi
if [ "$(id -u)" = 0 ] && [ -e /dev/net/tun ] && has ip && has nsenter && { [ -n "${CXX:-}" ] || has c++; } &&
  unshare --net ip tuntap add try0 mode tun 2>/dev/null; then
  there+=(namespaces)
else
  say "networks of their own need root, ip and namespaces: tests on emulated networks are skipped"
fi
printf '%s\n' "${there[@]}" | sort | paste -sd, - | tee "$folder/found"
