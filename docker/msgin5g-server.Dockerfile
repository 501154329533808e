# Image of msgin5g-server. Build from the top of the tree:
#   docker build -f docker/msgin5g-server.Dockerfile -t msgin5g/msgin5g-server .
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
LABEL org.opencontainers.image.title="msgin5g-server" \
    org.opencontainers.image.description="MSGin5G Server (TS 23.554, TS 24.538) with AKMA (TS 33.535)" \
    org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"
COPY --from=build /runtime/msgin5g-server/ /
COPY --from=build --chown=65532:65532 /runtime/state/ /var/lib/
USER 65532:65532
EXPOSE 5683/udp 5684/udp 5684/tcp 8443/tcp 8447/tcp 9443/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/http_probe", "127.0.0.1", "9443", "/readyz"]
ENTRYPOINT ["/usr/local/bin/msgin5g-server"]
CMD ["--config", "/etc/msgin5g/msgin5g-server.yaml"]
