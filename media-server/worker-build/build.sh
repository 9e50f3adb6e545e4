#!/usr/bin/env bash
# Builds mediasoup-worker from the npm package's own source against the system's libraries.
#
#   build.sh MEDIASOUP_PACKAGE OUTPUT      e.g. build.sh node_modules/mediasoup ./mediasoup-worker
#
# Takes 4 to 8 minutes on two cores. OUTPUT appears only when it is complete; nothing else is left behind.
set -euo pipefail

recipe=$(cd "$(dirname "$0")" && pwd)
package=$(cd "$1" && pwd)
mkdir -p "$(dirname "$2")"
output=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")

work=$(mktemp -d "${TMPDIR:-/tmp}/mediasoup-worker.XXXXXX")
trap 'rm -rf "$work" "$output.partial.$$"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# The compilers' temporary files too, so that a build that is cut off leaves nothing.
export TMPDIR="$work"

say() { echo "worker-build: $*"; }

# Edits a file of the copied source, and fails when there was nothing to edit: another version of mediasoup
# needs another look, not a silent miss.
edit() { # FILE SED_EXPRESSION
  local before
  before=$(cksum <"$1")
  sed -i "$2" "$1"
  if [[ $(cksum <"$1") == "$before" ]]; then
    say "$1 has changed, this edit no longer applies: $2" >&2
    exit 1
  fi
}

# Debian's libsrtp2 encrypts through NSS, which doubles the worker's CPU. The same library's source comes in
# a crate, and with OpenSSL's ciphers it costs a third less: 300 encrypted consumers of 100 packets/s take
# 51 % of a core instead of 83-95 %.
build_libsrtp() {
  cp -r "$recipe/libsrtp-source" "$work/libsrtp-source"
  (cd "$work/libsrtp-source" && timeout --foreground 180 cargo vendor --quiet vendor) || return 1
  cp -r "$work/libsrtp-source/vendor/srtp2-sys/libsrtp" "$work/libsrtp"
  (
    cd "$work/libsrtp"
    sh ./configure --enable-openssl --prefix="$work/libsrtp-installed" CFLAGS='-O3 -fPIC' &&
      make libsrtp2.a && make install
  ) || return 1
  export PKG_CONFIG_PATH="$work/libsrtp-installed/lib/pkgconfig"
}

if command -v cargo >/dev/null && build_libsrtp; then
  say 'libsrtp with OpenSSL ciphers'
else
  say "no cargo, or no crate to be had: the system's libsrtp2, which on Debian has the slower cipher"
fi

cp -r "$package/worker" "$work/source"
cd "$work/source"
rm -rf subprojects
cp -r "$recipe/subprojects" subprojects

# Debian 12 has Meson 1.0, which builds it just as well.
edit meson.build "s/meson_version: '>= 1.1.0'/meson_version: '>= 1.0.0'/"
# OpenSSL calls back after each operation with BIO_CB_RETURN as one bit of several, and takes the answer as
# the operation's result. Compared for equality, every result would become 1.
edit src/RTC/DtlsTransport.cpp \
  's/(operationType == BIO_CB_RETURN) ? static_cast<long>(ret)/((operationType \& BIO_CB_RETURN) != 0) ? static_cast<long>(ret)/'

# SSL_get_error(3) judges by the thread's error queue, which must be empty before the operation. libsrtp's OpenSSL
# ciphers leave "invalid tag" there for each packet that does not authenticate, and the next harmless DTLS packet would
# be taken for a fatal error: a healthy connection would be closed.
edit src/RTC/DtlsTransport.cpp 's/^\(\t*\).*= SSL_\(read\|write\)(/\1ERR_clear_error();\n&/'

meson setup build --buildtype=release -Ddefault_library=static
ninja -C build mediasoup-worker

# The target folder may be on another disk, where a move is a copy that can be seen half done.
cp build/mediasoup-worker "$output.partial.$$"
mv "$output.partial.$$" "$output"
say "built $output"
