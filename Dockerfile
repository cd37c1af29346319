# One recipe for two images. The aggregator's has no processing stack:
#   docker build -t openeo-federation .
#   docker build -t openeo-federation-backend \
#     --build-arg EXTRAS=backends --build-arg SYSTEM_PACKAGES=libexpat1 .
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
# What setup.cfg lists under extras_require, separated by commas; empty: the aggregator alone.
ARG EXTRAS=""
WORKDIR /source
RUN python -m venv /opt/venv
# The dependencies first: they change less often than the source.
COPY pyproject.toml setup.cfg README.md ./
COPY scripts/constraints.txt scripts/
RUN mkdir aggregator backends \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --constraint scripts/constraints.txt ".${EXTRAS:+[${EXTRAS}]}"
COPY aggregator aggregator
COPY backends backends
COPY scripts scripts
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --force-reinstall .

FROM ${PYTHON_IMAGE}
# rasterio's wheels want libexpat1, which slim images lack.
ARG SYSTEM_PACKAGES=""
RUN if [ -n "${SYSTEM_PACKAGES}" ]; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends ${SYSTEM_PACKAGES} \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && useradd --system --uid 10001 --home-dir /srv/federation --shell /usr/sbin/nologin federation \
    && install --directory --owner=federation /srv/federation/var
COPY --from=build /opt/venv /opt/venv
COPY config /srv/federation/config
WORKDIR /srv/federation
USER 10001
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OPENEO_FEDERATION_AGGREGATOR_BIND=0.0.0.0 \
    OPENEO_FEDERATION_BACKEND_BIND=0.0.0.0 \
    OPENEO_FEDERATION_IDENTITY_BIND=0.0.0.0 \
    HEALTH_URL=http://127.0.0.1:8080/health
VOLUME /srv/federation/var
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(os.environ['HEALTH_URL'], timeout=4)"]
ENTRYPOINT ["openeo-federation"]
CMD ["aggregator"]
