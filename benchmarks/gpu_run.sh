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

tail -n 1 "runs/$run/metrics.jsonl"
python -m pipelines.bundle "runs/$run/best.safetensors" "$network"
