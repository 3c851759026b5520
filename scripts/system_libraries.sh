#!/bin/sh
# Install the libraries Qt and OpenGL need where they are missing, on Debian and Ubuntu, if we may.
set -eu
command -v dpkg-query >/dev/null 2>&1 || exit 0
wanted="libgl1 libegl1 libopengl0 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-xinerama0 libxcb-xfixes0 libxcb-shape0 libxcb-cursor0 libdbus-1-3 libfontconfig1 fonts-dejavu-core python3-venv xvfb xauth"
missing=""
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
# The venv module may come with another Python than the system's.
python3 -c 'import venv, ensurepip' 2>/dev/null && missing=$(printf '%s' "$missing" | sed 's/ python3-venv//')
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    run=""
elif sudo -n true 2>/dev/null; then
    run="sudo"
else
    echo "Some system libraries are missing. Install them with:"
    echo "  sudo apt-get update && sudo apt-get install -y$missing"
    exit 1
fi
$run apt-get update -qq
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
