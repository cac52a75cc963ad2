#!/usr/bin/env bash
# What to run where there is a GPU, from the repository's root, in an environment with ocrgen[train]:
#
#     bash benchmarks/gpu_run.sh [OPTIONS OF gpu_run.py]
#
# It ends within ten minutes and leaves gpu-run.json.
set -euo pipefail
exec python "$(dirname "$0")/gpu_run.py" "$@"
