# The server alone. Run it with nothing: docker run --read-only --cap-drop all -p 127.0.0.1:6780:6780 IMAGE
# To pin the base too, write its digest into both lines (python:3.13-slim@sha256:…), as told by
# `docker buildx imagetools inspect python:3.13-slim`; it then gets no fixes by itself.
FROM python:3.13-slim AS build

WORKDIR /source
# Every package by its hash (supply/lock.py). Without pip inside, and compiled: nothing can be
# installed or written where it runs.
COPY supply supply
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r supply/build.txt \
    && python -m venv --without-pip /opt/images-mock \
    && pip --python /opt/images-mock/bin/python install --no-cache-dir --compile \
        --only-binary :all: --require-hashes -r supply/requirements.txt
COPY . .
# What it consists of is told by /opt/images-mock/sbom.cdx.json.
RUN python -m hatchling build -t wheel -d /wheel \
    && pip --python /opt/images-mock/bin/python install --no-cache-dir --compile \
        --no-index --no-deps /wheel/*.whl \
    && /opt/images-mock/bin/python supply/sbom.py > /opt/images-mock/sbom.cdx.json

FROM python:3.13-slim

COPY --from=build /opt/images-mock /opt/images-mock
# The base image comes without bytecode of the standard library; this leaves it for what is used.
RUN /opt/images-mock/bin/python -c "import mockserver.cli, mockserver.server.listening, mockserver.client.wait"

# 0.0.0.0 is the container's own network: what is published of it, `docker run -p` decides.
# Set the port here too, not by a flag: the health check reads the same variables as the server.
ENV PATH=/opt/images-mock/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMAGES_MOCK_HOST=0.0.0.0

USER 10001:10001
WORKDIR /
EXPOSE 6780
HEALTHCHECK --interval=10s --timeout=10s --start-period=10s --retries=3 \
    CMD ["images-mock", "wait", "--timeout", "3s"]
ENTRYPOINT ["images-mock"]
