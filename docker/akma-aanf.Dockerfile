# Image of akma-aanf, the emulated AAnF with its AUSF. Build from the top of the tree:
#   docker build -f docker/akma-aanf.Dockerfile -t msgin5g/akma-aanf .
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
LABEL org.opencontainers.image.title="akma-aanf" \
    org.opencontainers.image.description="Emulated 5G AAnF (Naanf_AKMA, TS 29.535) with an AUSF emulation for 5G AKA" \
    org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"
COPY --from=build /runtime/akma-aanf/ /
COPY --from=build --chown=65532:65532 /runtime/state/ /var/lib/
USER 65532:65532
EXPOSE 8444/tcp 9444/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/http_probe", "127.0.0.1", "9444", "/readyz"]
ENTRYPOINT ["/usr/local/bin/akma-aanf"]
CMD ["--config", "/etc/msgin5g/akma-aanf.yaml"]
