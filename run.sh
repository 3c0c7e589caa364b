#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds Genu, and takes a phantom knee made on the spot from DICOM to an injection plan.
#   ./run.sh [OUT]      OUT is the case folder to make (default out/phantom)
. "$(dirname "${BASH_SOURCE[0]}")/cmake/setup.sh"
out=${1:-out/phantom}
genu_install run
GENU_CMAKE_ARGS="-DGENU_BUILD_TESTING=OFF" genu_build release
genu_say "From a phantom's DICOM series to an injection plan"
build/release/bin/genu run --phantom --out "$out" --replace
genu_say "Look at it:  build/release/bin/genu-viewer $out"
