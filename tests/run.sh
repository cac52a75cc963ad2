#!/usr/bin/env bash
# Runs all tests; arguments go to pytest. Tests that need a browser or another system program are
# skipped by name where it is missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../pipelines/environment.sh" all,dev
exec python -m pytest -n 2 --dist loadfile "$@"
