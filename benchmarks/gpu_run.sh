#!/usr/bin/env bash
# What to run where there is a GPU, from the repository's root, in an environment with ocrgen[train]:
#
#     bash benchmarks/gpu_run.sh [NETWORK [STEPS]]
#
# First the step beside a plain loop, then training on lines that are rendered as they are needed,
# 512 a step (7,200 steps are 3.7 million lines), then the weights in half precision.
set -euo pipefail
network=${1:-crnn_v2}
steps=${2:-7200}
run=gpu-$network

python benchmarks/train_step.py --model "$network" --gpu --batch-size 512 --steps 50 --workers 6

resume=()
if [ -e "runs/$run/settings.json" ]; then
    resume=(--resume --run "$run")
else
    resume=(--config gpu --gpus 1 --live --corpus news:0.85 --corpus classical:0.15
        --model "$network" --max-steps "$steps" --epochs 100 --run "$run")
fi
[ -e "runs/$run/finished.json" ] || ocrtrain fit "${resume[@]}"

python - "runs/$run/best.safetensors" "training/weights/$network.safetensors" <<'EOF'
import sys
from pathlib import Path

import torch

from training.model.checkpoint import load_model, save_model

source, target = map(Path, sys.argv[1:])
model = load_model(source)
save_model(target, model.network, model.alphabet, training=model.training, dtype=torch.float16)
print(f"{target}: {target.stat().st_size / 2**20:.1f} MiB, {model.training}")
EOF
tail -n 1 "runs/$run/metrics.jsonl"
