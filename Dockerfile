# castcheck in a container. Nothing is fetched when it runs: the small models are in the package.
#
#   docker build -t castcheck .
#   docker run --rm --network none --user "$(id -u):$(id -g)" -v "$PWD:/work" castcheck check clip.mp4
#
# Stronger models go into a layer or a volume: CASTCHECK_CACHE says where they lie, and
# `castcheck models pull` fills it while there is a network.
FROM python:3.12-slim AS build

# A mirror of Python packages, if you use one: docker build --build-arg PIP_INDEX_URL=...
ARG PIP_INDEX_URL
COPY . /src
# Without a display the headless build of OpenCV does, and needs no libraries of the desktop.
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir /src \
 && /venv/bin/pip uninstall --yes opencv-python \
 && /venv/bin/pip install --no-cache-dir opencv-python-headless

FROM python:3.12-slim

COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    CASTCHECK_CACHE=/models \
    YOLO_OFFLINE=true \
    YOLO_CONFIG_DIR=/tmp \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
RUN mkdir /models && chmod 777 /models
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["castcheck"]
CMD ["--help"]
