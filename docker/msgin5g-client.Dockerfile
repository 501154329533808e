# Image of msgin5g-client, the UE side as a command. Build from the top of the tree:
#   docker build -f docker/msgin5g-client.Dockerfile -t msgin5g/msgin5g-client .
# ---- build: this text is the same in every Dockerfile here, so that its layers are made once -------------------------
ARG BASE=debian:12
FROM ${BASE} AS build
WORKDIR /src
# The dependencies first: they stay cached while only our sources change.
COPY cmake/setup.sh cmake/setup.sh
COPY cmake/patches cmake/patches
RUN cmake/setup.sh --lab
COPY CMakeLists.txt CMakePresets.json LICENSE ./
COPY cmake cmake
COPY packaging packaging
COPY docs/man docs/man
COPY common common
COPY akma akma
COPY msgin5g-client msgin5g-client
COPY msgin5g-server msgin5g-server
COPY seal-adapter seal-adapter
RUN cmake --preset release -DMSGIN5G_TESTS=OFF \
    && cmake --build --preset release \
    && DESTDIR=/staging cmake --install build/release --strip
COPY docker/http_probe.c docker/collect_runtime.sh docker/
RUN docker/collect_runtime.sh /staging /runtime akma-aanf msgin5g-server msgin5g-client
# ---- end of build ----------------------------------------------------------------------------------------------------

FROM scratch
LABEL org.opencontainers.image.title="msgin5g-client" \
    org.opencontainers.image.description="MSGin5G Client (TS 24.538) with AKMA (TS 33.535) and an emulated USIM" \
    org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"
COPY --from=build /runtime/msgin5g-client/ /
# The USIM file lives here: its SQN is written back after every authentication.
COPY --from=build --chown=65532:65532 /runtime/state/ /var/lib/
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/msgin5g-client"]
CMD ["--help"]
