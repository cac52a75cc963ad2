# Training on NVIDIA GPUs; the host needs the NVIDIA Container Toolkit:
#     docker build -f docker/gpu.Dockerfile -t ocrgen-gpu .
#     docker run --rm --gpus all --ipc host -v "$PWD:/data" ocrgen-gpu ocrtrain fit --gpus 2
FROM python:3.11-slim

# torch.compile needs a C compiler; CUDA's libraries come with torch's own packages.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/ocrgen
COPY . .
RUN pip install --no-cache-dir -c constraints.txt ".[all]"

WORKDIR /data
ENV OCRGEN_HOME=/data/.ocrgen
CMD ["ocrgen", "--help"]
