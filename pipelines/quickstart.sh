#!/usr/bin/env bash
# The main job on a small scale: render, pack, train, evaluate, read. About ten minutes on two
# cores after installation; everything it makes lies in quickstart/.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh" train
exec python -m pipelines.quickstart "$@"
