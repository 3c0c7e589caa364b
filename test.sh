#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds Genu with its tests, and runs all of them. Arguments go to ctest:
#   ./test.sh -R cartilage
. "$(dirname "${BASH_SOURCE[0]}")/cmake/setup.sh"
genu_install run test
genu_build dev
genu_say "Testing"
export CTEST_OUTPUT_ON_FAILURE=1
ctest --test-dir build/dev --parallel "${GENU_JOBS:-$(nproc)}" "$@"
