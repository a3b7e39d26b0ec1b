# The server alone. Run it with nothing: docker run --read-only --cap-drop all -p 127.0.0.1:6780:6780 IMAGE
FROM python:3.13-slim AS build

WORKDIR /source
COPY . .
# Built without pip inside, and compiled: nothing can be installed or written where it runs.
RUN python -m venv --without-pip /opt/images-mock \
    && pip --python /opt/images-mock/bin/python install --no-cache-dir --compile .

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
