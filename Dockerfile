# One image for every Airflow process of docker-compose.yaml, installed from the same hashed lock file as `make setup`.
FROM python:3.11-slim-bookworm

ARG UV_VERSION=0.13.9
ENV PATH=/opt/motcua/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    UV_PYTHON_DOWNLOADS=never \
    GX_ANALYTICS_ENABLED=false \
    AIRFLOW_HOME=/var/lib/airflow \
    MOTCUA_HOME=/opt/motcua \
    MOTCUA_WORK=/var/lib/motcua

RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 5000 --home-dir /var/lib/airflow motcua \
    && install --directory --owner motcua --group motcua \
        /var/lib/airflow /var/lib/airflow/logs /var/lib/airflow-auth /var/lib/motcua

WORKDIR /opt/motcua

# The packages first: they change seldom, the code often.
COPY requirements.lock ./
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --quiet --no-cache-dir uv==${UV_VERSION} \
    && /opt/uv/bin/uv venv --quiet .venv \
    && /opt/uv/bin/uv pip sync --quiet --no-cache --python .venv/bin/python \
        --require-hashes --compile-bytecode requirements.lock

COPY . .
RUN /opt/uv/bin/uv pip install --quiet --no-cache --python .venv/bin/python \
        --no-deps --no-build-isolation --editable . \
    && python -m compileall -q src

USER motcua
ENTRYPOINT ["tini", "--"]
CMD ["airflow", "version"]
