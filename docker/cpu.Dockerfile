# Rendering, training on the CPU and reading:
#     docker build -f docker/cpu.Dockerfile -t ocrgen --build-arg TORCH_INDEX=URL .
#     docker run --rm -v "$PWD:/data" ocrgen ocrgen render --corpus news --n 10000
# URL is the package index of torch's builds without CUDA (see torch's own site); without it the
# image takes 4 GB more.
FROM python:3.11-slim
ARG TORCH_INDEX=

# torch.compile needs a C compiler.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/ocrgen
COPY . .
RUN pip install --no-cache-dir -c constraints.txt torch ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} \
    && pip install --no-cache-dir -c constraints.txt ".[all]"

WORKDIR /data
ENV OCRGEN_HOME=/data/.ocrgen
CMD ["ocrgen", "--help"]
